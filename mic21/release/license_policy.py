"""Which licences a release lets in: `permissive`, `nc-ok`, or a list."""

import re
from collections.abc import Sequence

from license_expression import get_spdx_licensing

from mic21.corpus.licenses import UNKNOWN, parse_license

# Any use, changed or not; at most the author must be named.
_PERMISSIVE = re.compile(
    r"CC0-1\.0|CC-BY-\d\.\d(-[A-Z]{2,3})?|CC-PDDC|PDDL-1\.0|ODC-By-1\.0|MIT|Apache-2\.0|BSD-[23]-Clause|Unlicense"
    r"|LicenseRef-(Public-Domain(-Mark)?|US-Government-Work|No-Known-Copyright-Restrictions)"
)
# Also what must be passed on under the same terms, what may not be sold, and the sites' own licences. Never what may
# not be changed (ND): a mask cut out of such a photograph would be a change.
_NC_OK = re.compile(
    r"CC-BY(-NC)?(-SA)?-\d\.\d(-[A-Z]{2,3})?|LicenseRef-(Pexels|Pixabay|Unsplash)|FAL-1\.3|GFDL-1\.\d(-.*)?"
)

POLICIES = ("permissive", "nc-ok")


def parse_policy(text: str) -> str | list[str]:
    """What `--licenses` says: a policy, or SPDX expressions with commas between them.

    Raises:
        UsageError: it is neither.

    >>> parse_policy("CC0-1.0, cc-by-4.0")
    ['CC0-1.0', 'CC-BY-4.0']
    """
    return text if text in POLICIES else [parse_license(part) for part in text.split(",")]


def is_allowed(license: str, policy: str | Sequence[str] | None) -> bool:
    """Whether a photograph of a licence comes in; of `A OR B` one must do, of `A AND B` both.

    >>> is_allowed("CC-BY-SA-4.0", "permissive"), is_allowed("CC-BY-SA-4.0", "nc-ok")
    (False, True)
    >>> is_allowed("CC-BY-ND-4.0 OR CC-BY-4.0", "permissive")
    True
    """
    if policy is None or (not isinstance(policy, str) and license in policy):
        return True
    if license == UNKNOWN:
        return False
    if license.startswith("LicenseRef-") and " " not in license:
        return _symbol_allowed(license, policy)
    parsed = get_spdx_licensing().parse(license)
    return parsed is not None and _expression_allowed(parsed, policy)


def _expression_allowed(expression: object, policy: str | Sequence[str]) -> bool:
    parts = getattr(expression, "args", ())
    operator = getattr(expression, "operator", None)
    if operator is None or not parts:
        return _symbol_allowed(str(expression), policy)
    answers = [_expression_allowed(part, policy) for part in parts]
    return any(answers) if operator.strip() == "OR" else all(answers)


def _symbol_allowed(license: str, policy: str | Sequence[str]) -> bool:
    if not isinstance(policy, str):
        return license in policy
    return bool(_PERMISSIVE.fullmatch(license) or (policy == "nc-ok" and _NC_OK.fullmatch(license)))
