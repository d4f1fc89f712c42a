"""python -m faststyle.optimize"""

from faststyle.optimize.command import main

if __name__ == "__main__":
    main()
