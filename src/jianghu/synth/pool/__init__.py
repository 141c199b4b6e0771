"""Keys and accounts of a teacher, what they bear, and what their failures mean."""

from .account import Account, Sending
from .endpoint import Endpoint, endpoint_of
from .keys import Key, read_accounts
from .limits import Bucket, Window
from .outcomes import outcome_of, provider_of
from .pool import Pool, make_pool

__all__ = [
    "Account",
    "Bucket",
    "Endpoint",
    "Key",
    "Pool",
    "Sending",
    "Window",
    "endpoint_of",
    "make_pool",
    "outcome_of",
    "provider_of",
    "read_accounts",
]
