"""From a command line to typed settings; Hydra's and OmegaConf's errors become one line."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Collection, Sequence
from typing import NoReturn, TypeVar

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    MissingConfigException,
    OverrideParseException,
)
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from faststyle.config.overrides import literal, quote_overrides
from faststyle.errors import UserError, closest, exit_on_user_error
from faststyle.files.paths import CONF_DIR, STYLE_NAME, shell_command

MAX_LENGTH = 300  # characters of a library's message, which may quote a value of any length


class RunFailed(UserError):
    """One of several runs failed; its own message has been printed."""


def hydra_command(
    program: str,
    config_name: str,
    run: Callable[[DictConfig, list[str]], None],
    *,
    text_keys: Collection[str],
    list_keys: Collection[str] = (),
) -> None:
    """Run a command whose settings Hydra composes from conf/`config_name`.yaml and `sys.argv`.

    Args:
        run: is called with the composed settings and the user's overrides; under `-m` once for
            every run.
        text_keys: settings that hold names or paths, which are taken as they are written.
        list_keys: settings that hold lists of such.

    Raises:
        UserError: a mistake of the user's, in one line.
    """
    # Otherwise Hydra prints a trimmed traceback; we print one line, and bugs in full.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    sys.argv[1:] = quote_overrides(sys.argv[1:], text_keys, list_keys)

    @hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name=config_name)
    def task(raw: DictConfig) -> None:
        job = HydraConfig.get()
        overrides = list(job.overrides.task)
        if job.mode == RunMode.RUN:
            with exit_on_user_error(program):  # here, because Hydra would add a line of its own
                run(raw, overrides)
            return
        try:
            run(raw, overrides)
        except UserError as error:
            # Printed here; re-raised so that Hydra runs the other jobs and exits with an error.
            print(f"{program}: {' '.join(overrides)}: {error}", file=sys.stderr)
            raise RunFailed("not every run succeeded: see above") from None

    try:
        task()
    except (HydraException, OmegaConfBaseException) as error:
        raise_user_error(error)


def compose_settings(
    config_name: str, overrides: Sequence[str], *, text_keys: Collection[str]
) -> DictConfig:
    """Compose conf/`config_name`.yaml with overrides, as its command line would.

    Raises:
        UserError: an override is wrong.
    """
    try:
        with hydra.initialize_config_dir(str(CONF_DIR), version_base="1.3"):
            return hydra.compose(config_name, quote_overrides(overrides, text_keys))
    except (HydraException, OmegaConfBaseException) as error:
        raise_user_error(error)


def raise_user_error(error: HydraException | OmegaConfBaseException) -> NoReturn:
    """Raise a UserError of one line, with the full key and the closest match."""
    if isinstance(error, MissingConfigException) and error.options is not None:
        group, _, given = str(error.missing_cfg_file).rpartition("/")
        raise UserError(
            f"{group}: {given!r} is not one of {', '.join(error.options)}"
            f"{closest(given, error.options)}{_own_style(given) if group == 'style' else ''}"
        ) from error
    if isinstance(error, OverrideParseException):
        raise UserError(f"cannot read {error.override!r}: {str(error).splitlines()[0]}") from error
    cause = error.__cause__ if isinstance(error, ConfigCompositionException) else error
    if isinstance(cause, MissingMandatoryValue):
        raise UserError(f"{cause.full_key}: needs a value; give {cause.full_key}=...") from error
    if isinstance(cause, OmegaConfBaseException) and cause.full_key:
        lines = str(cause).splitlines()
        known = [str(key) for key in cause.parent_node or []]
        key = str(cause.full_key)
        if "is not in struct" in lines[0] or "not in '" in lines[0]:
            hint = closest(key.rpartition(".")[2], known)
            raise UserError(f"{key}: no such key; there are {', '.join(known)}{hint}") from error
        raise UserError(f"{key}: {lines[0][:MAX_LENGTH]}") from error
    raise UserError(" ".join(str(error).split())[:MAX_LENGTH]) from error


def _own_style(given: str) -> str:
    name = given if re.fullmatch(STYLE_NAME, given) else "mine"
    command = shell_command("style=custom", f"style.name={name}", "style.image=FILE")
    return f"; a painting of your own: {command}"


Schema = TypeVar("Schema")


def parse_as(schema: type[Schema], config: DictConfig) -> Schema:
    """Return the settings as a `schema`, every key, type and range checked.

    Raises:
        UserError: a key is unknown or missing, or a value is not allowed; with the full key.
    """
    try:
        plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
        typed = OmegaConf.merge(OmegaConf.structured(schema), literal(plain))
        parsed = OmegaConf.to_object(typed)
    except OmegaConfBaseException as error:
        raise_user_error(error)
    except UserError:
        raise
    except (OverflowError, ValueError) as error:  # a whole number of hundreds of digits
        reason = str(error).splitlines()[0][:MAX_LENGTH]
        raise UserError(f"a number is too large: {reason}; give a smaller one") from error
    assert isinstance(parsed, schema)
    return parsed
