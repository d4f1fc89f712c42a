"""Check the annotated shapes at every call of these rooms; import it before faststyle."""

from beartype import BeartypeConf, beartype
from jaxtyping import install_import_hook

check = beartype(conf=BeartypeConf(is_pep484_tower=True))  # 1 is a float too

ROOMS = ["faststyle.networks", "faststyle.losses", "faststyle.rendering"]
install_import_hook(ROOMS, "tests.support.shape_checks.check")
