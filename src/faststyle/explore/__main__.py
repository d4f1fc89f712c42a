"""python -m faststyle.explore"""

from faststyle.explore.command import main

if __name__ == "__main__":
    main()
