"""python -m faststyle.serve"""

from faststyle.serve.command import main

if __name__ == "__main__":
    main()
