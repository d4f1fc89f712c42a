"""Check the annotated shapes of networks and losses at every call; import it before faststyle."""

from jaxtyping import install_import_hook

install_import_hook(["faststyle.networks", "faststyle.losses"], "beartype.beartype")
