"""``python -m specaug_cli``: the command, as ``python -m specaug`` is."""

from specaug_cli.main import main

if __name__ == "__main__":
    main()
