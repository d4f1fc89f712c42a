"""python -m faststyle.page"""

from faststyle.page.command import main

if __name__ == "__main__":
    main()
