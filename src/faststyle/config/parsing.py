"""Hydra's and OmegaConf's errors as one line with the full key and the closest match."""

from __future__ import annotations

from typing import NoReturn, TypeVar

from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from faststyle.errors import UserError, closest


def raise_user_error(error: HydraException | OmegaConfBaseException) -> NoReturn:
    """Say what Hydra or OmegaConf found wrong in one line, with the full key and closest match."""
    if isinstance(error, MissingConfigException) and error.options is not None:
        group, _, given = str(error.missing_cfg_file).rpartition("/")
        raise UserError(
            f"{group}: {given!r} is not one of {', '.join(error.options)}"
            f"{closest(given, error.options)}"
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
        raise UserError(f"{key}: {lines[0]}") from error
    raise UserError(" ".join(str(error).split())) from error


Schema = TypeVar("Schema")


def parse_as(schema: type[Schema], config: DictConfig) -> Schema:
    """`parse` for another command's settings."""
    try:
        plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
        typed = OmegaConf.merge(OmegaConf.structured(schema), plain)
        parsed = OmegaConf.to_object(typed)
    except OmegaConfBaseException as error:
        raise_user_error(error)
    assert isinstance(parsed, schema)
    return parsed
