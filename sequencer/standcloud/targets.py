"""The two targets that hardseq knows: StandCloud, and a store that was away when a run ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from sequencer.project.settings import StandCloudSettings
from sequencer.report.evidence import Mark
from sequencer.report.model import RunReport
from sequencer.standcloud.delivery import STAND_CLOUD, Delivery, DeliveryTarget
from sequencer.store.base import Store, StoreConflict, StoreError, StoreUnavailable
from sequencer.vocabulary.failure import ReasonedError, why
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.standcloud.client import StandCloud


class NotConfigured(ReasonedError, ValueError):
    """StandCloud cannot be used with the configuration as it is; the reason says what is missing or wrong."""


def open_stand_cloud(settings: StandCloudSettings, folder: Path) -> StandCloud:
    """The client that ``[stand_cloud]`` describes; ``ca_bundle`` may be relative to the project ``folder``.

    Raises ``NotConfigured``.
    """
    if settings.address is None:
        raise NotConfigured(Reason("stand_cloud_no_address"))
    if not settings.api_key:
        raise NotConfigured(Reason("stand_cloud_no_key"))
    from sequencer.standcloud.client import StandCloud

    bundle = None if settings.ca_bundle is None else str(folder / settings.ca_bundle)
    try:
        return StandCloud(settings.address, settings.api_key, ca_bundle=bundle)
    except ValueError as error:
        raise NotConfigured(why(error)) from None


def stand_cloud_target(client: StandCloud, *, automatic: bool) -> DeliveryTarget:
    """Reports lowered to version 1 and posted. Lowered at each try: a parked report profits from a mended hardseq."""

    def deliver(report: Mapping[str, object]) -> Delivery:
        from sequencer.report.version1 import lower

        return client.send(lower(cast(RunReport, report), stand_cloud=True))

    return DeliveryTarget(name=STAND_CLOUD, deliver=deliver, fingerprint=client.fingerprint, automatic=automatic)


_NOT_SENT: Mapping[Mark, Reason] = MappingProxyType(
    {
        "partial": Reason("partial_not_sent"),
        "debugged": Reason("debugged_not_sent"),
        "simulated": Reason("simulated_not_sent"),
    }
)


def not_sent(mark: Mark) -> Reason:
    """Why StandCloud does not get the report of a run that is no evidence for a product."""
    return _NOT_SENT[mark]


def store_target(name: str, store: Store, saved: Callable[[], object]) -> DeliveryTarget:
    """Reports saved in ``store`` once it is back; after each that it took, ``saved`` is called."""

    def deliver(report: Mapping[str, object]) -> Delivery:
        try:
            store.save(cast(RunReport, report))
        except StoreUnavailable as error:
            return Delivery(verdict="again", reason=error.reason)
        except (StoreConflict, StoreError) as error:
            return Delivery(verdict="parked", reason=error.reason)
        saved()
        return Delivery(verdict="delivered")

    return DeliveryTarget(name=name, deliver=deliver)
