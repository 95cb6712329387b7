"""A policy as the document that a targets file can name. Pure."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from scanner.model.policy import SshPolicy


def policy_document(policy: SshPolicy) -> dict[str, Any]:
    """Return the document of schema ``policy-1.0.0``; what is not judged is left out."""
    told = {field.name: getattr(policy, field.name) for field in fields(policy)}
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in told.items()
        if value is not None
    }
