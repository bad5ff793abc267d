"""What can be refused here, each named after what happened."""

from __future__ import annotations

from chassis.core.errors import Conflict, Forbidden, Invalid, NotFound


class RuleUnreadable(Invalid):
    """An eligibility rule does not follow the grammar; carries expression and position (1-based)."""


class NameUnknown(Invalid):
    """A rule names a fact that neither the feature catalogue nor the fixed names hold."""


class RuleMistyped(Invalid):
    """A rule compares things that cannot be compared, such as a number with a word."""


class WordUnknown(Invalid):
    """A rule or a product names a kind, a size or a code that is on no list; carries the nearest ones."""


class RulesContradict(Invalid):
    """No firm could ever pass the conditions of a product; carries those that contradict each other."""


class ProductInvalid(Invalid):
    """A product contradicts itself, such as a floor above its cap."""


class NotTheBank(Invalid):
    """A product names a bank that its publisher is not registered as."""


class ChurnCurveInvalid(Invalid):
    """A churn curve holds what no rate or share can be."""


class ChurnCurvesMissing(Invalid):
    """A plan needs the bank's churn curves, and it has imported none."""


class NotPriceable(Invalid):
    """A price needs a probability of default that is not known."""


class PlanNotFound(NotFound):
    """No such allocation or assignment among those that the caller ordered."""


class ProductNotFound(NotFound):
    """No such product, or no such version of it."""


class ProductExists(Conflict):
    """A product of this id is already published."""


class ProductUsedUp(Conflict):
    """All places or all money of a product are taken, or reserved by offers that stand."""


class NotTheOwner(Forbidden):
    """A product can be changed only by the bank that published it."""


class EnterpriseNotFound(NotFound):
    """The profile service holds no file for this enterprise."""


class MatchNotFound(NotFound):
    """No such match among those that the caller may see."""


class DecisionNotFound(NotFound):
    """No decision of this reference among those of the caller."""


class BatchNotFound(NotFound):
    """No such batch among those that the caller may see."""


class BatchNotDone(Conflict):
    """The batch is still being worked on, or has failed: there are no results to read."""


class VersionPassed(Conflict):
    """Somebody published a newer version than the one that the caller meant to replace."""


class ConsentEnded(Forbidden):
    """The enterprise's consent was in force when the answer was made, and is no longer."""


class EndpointNotFound(NotFound):
    """No such endpoint of the caller's."""


class DeliveryNotFound(NotFound):
    """No such delivery of the caller's."""


class TooManyEndpoints(Conflict):
    """The client has as many endpoints as it may."""


class EndpointNotEnabled(Conflict):
    """Nothing is sent to the endpoint until its client enables it again."""
