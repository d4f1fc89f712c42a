"""The tests mirror the rooms of `src/faststyle`; `support` holds what they share."""

import pytest

pytest.register_assert_rewrite("tests.support")
