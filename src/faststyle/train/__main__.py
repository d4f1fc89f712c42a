"""python -m faststyle.train"""

from faststyle.train.command import main

if __name__ == "__main__":
    main()
