"""python -m faststyle.compare"""

from faststyle.compare.command import main

if __name__ == "__main__":
    main()
