"""Observations of an asset that nobody looked at: every endpoint, each with the same reason."""

from __future__ import annotations

from scanner.model.observation import EndpointObservation, EndpointState, Observations
from scanner.model.reading import Unobserved
from scanner.model.target import Target


def unseen(target: Target, vantage: str, why: Unobserved, *, at: str = "") -> Observations:
    """Return what is known of ``target`` from ``vantage``: nothing, and why.

    ``at`` is RFC 3339 UTC, or empty where no scan took place.
    """
    return Observations(
        asset=target.asset,
        host=target.host,
        vantage=vantage,
        started=at,
        finished=at,
        unreached=why,
        endpoints=tuple(
            EndpointObservation(
                port=endpoint.port,
                protocol=endpoint.protocol,
                address=target.host,
                declared=endpoint.declared,
                state=EndpointState.UNREACHABLE,
                reason=why.reason,
                detail=why.detail,
            )
            for endpoint in target.endpoints
        ),
    )
