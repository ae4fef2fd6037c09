"""The labels: what each means, whose turn it can stand on, whether it drives customers away.

`docs/traits.md` holds the whole annotation guideline; the one-sentence definitions here are what
reports and pages show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analyzer.conversation import Role

TRAITS_VERSION = "1"

Polarity = Literal["rasmus", "star", "signal"]


@dataclass(frozen=True, slots=True)
class Trait:
    """One label; polarity `rasmus` drives customers away, `star` keeps them, `signal` is theirs."""

    name: str
    role: Role
    polarity: Polarity
    title: str
    definition: str


TRAITS: tuple[Trait, ...] = (
    Trait("sigh", "agent", "rasmus", "Sigh",
          "The transcript reports that the agent sighs or groans."),
    Trait("deflection", "agent", "rasmus", "Deflection",
          "The agent places the matter outside their own reach and leaves the customer with it."),
    Trait("transfer", "agent", "rasmus", "Transfer",
          "The agent hands the customer on to another person, queue or number."),
    Trait("blame", "agent", "rasmus", "Blame",
          "The agent lays the fault on the customer."),
    Trait("reluctance", "agent", "rasmus", "Reluctance",
          "The agent helps grudgingly or shows no interest."),
    Trait("dismissal", "agent", "rasmus", "Dismissal",
          "The agent plays down, doubts or argues away what the customer feels or tells."),
    Trait("overpromise", "agent", "rasmus", "Over-promise",
          "The agent promises, without reservation, what they neither control nor have checked."),
    Trait("empathy", "agent", "star", "Empathy",
          "The agent names or honours what the customer feels or has been through."),
    Trait("apology", "agent", "star", "Apology",
          "The agent apologises for what happened to the customer."),
    Trait("ownership", "agent", "star", "Ownership",
          "The agent takes the matter on personally."),
    Trait("clarification", "agent", "star", "Clarification",
          "The agent asks or mirrors to understand the need, or agrees on a good outcome."),
    Trait("expectation", "agent", "star", "Honest expectation",
          "The agent says realistically what will happen, or plainly what is not known."),
    Trait("resolution", "agent", "star", "Resolution",
          "The agent says that the matter is solved or the asked-for action done."),
    Trait("compensation", "agent", "star", "Compensation",
          "The agent offers something to make up for what went wrong."),
    Trait("follow_up", "agent", "star", "Follow-up",
          "The agent commits to getting in touch or checking again at a concrete time."),
    Trait("proactive_tip", "agent", "star", "Proactive tip",
          "The agent volunteers help beyond the question."),
    Trait("greeting", "agent", "star", "Greeting",
          "The agent opens with company or own name and an offer to help."),
    Trait("closing", "agent", "star", "Closing",
          "The agent ends the call courteously."),
    Trait("frustration", "customer", "signal", "Frustration",
          "The customer is angry, annoyed, sarcastic or in despair about the service."),
    Trait("broken_promise", "customer", "signal", "Broken promise",
          "The customer says that something promised was not kept."),
    Trait("repeat_contact", "customer", "signal", "Repeat contact",
          "The customer has been in touch about this before, or has been passed around."),
    Trait("basic_error", "customer", "signal", "Basic error",
          "The customer points out that the basics failed: a wrong name, amount, item or address."),
    Trait("satisfaction", "customer", "signal", "Satisfaction",
          "The customer shows real satisfaction, relief or praise."),
)  # fmt: skip

LABELS: tuple[str, ...] = tuple(trait.name for trait in TRAITS)
TRAIT: dict[str, Trait] = {trait.name: trait for trait in TRAITS}


def labels_of(role: Role) -> tuple[str, ...]:
    """The labels that a turn of this role can carry, in the order of `LABELS`."""
    return tuple(trait.name for trait in TRAITS if trait.role == role)
