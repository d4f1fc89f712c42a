"""python -m faststyle.export"""

from faststyle.export.command import main

if __name__ == "__main__":
    main()
