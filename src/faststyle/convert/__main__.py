"""python -m faststyle.convert"""

from faststyle.convert.command import main

if __name__ == "__main__":
    main()
