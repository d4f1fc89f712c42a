"""python -m faststyle.evaluate"""

from faststyle.evaluate.command import main

if __name__ == "__main__":
    main()
