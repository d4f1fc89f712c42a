"""python -m faststyle.infer"""

from faststyle.infer.command import main

if __name__ == "__main__":
    main()
