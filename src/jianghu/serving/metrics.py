"""Counts of what the server does, in Prometheus' text format."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
Labels = tuple[tuple[str, str], ...]


class _Family:
    """One metric with its label sets."""

    def __init__(self, name: str, kind: str, help: str) -> None:
        self.name, self.head = name, f"# HELP {name} {help}\n# TYPE {name} {kind}\n"
        self.values: dict[Labels, float] = defaultdict(float)

    def add(self, amount: float = 1.0, **labels: str) -> None:
        self.values[tuple(labels.items())] += amount

    def text(self) -> str:
        return self.head + "".join(_line(self.name, labels, value) for labels, value in list(self.values.items()))


class _Histogram(_Family):
    """Durations in seconds, by upper bounds."""

    def __init__(self, name: str, help: str) -> None:
        super().__init__(name, "histogram", help)
        self.sums: dict[Labels, float] = defaultdict(float)
        self.buckets: dict[Labels, list[int]] = defaultdict(lambda: [0] * len(SECONDS))

    def observe(self, seconds: float, **labels: str) -> None:
        key = tuple(labels.items())
        self.values[key] += 1
        self.sums[key] += seconds
        buckets = self.buckets[key]
        for n, bound in enumerate(SECONDS):
            buckets[n] += seconds <= bound

    def text(self) -> str:
        lines = [self.head]
        for key, count in list(self.values.items()):
            for bound, within in zip(SECONDS, self.buckets[key], strict=True):
                lines.append(_line(f"{self.name}_bucket", (*key, ("le", f"{bound:g}")), within))
            lines.append(_line(f"{self.name}_bucket", (*key, ("le", "+Inf")), count))
            lines.append(_line(f"{self.name}_sum", key, self.sums[key]))
            lines.append(_line(f"{self.name}_count", key, count))
        return "".join(lines)


class Metrics:
    """All counts of one server. Names of checkpoints are the only labels that do not come from the program."""

    def __init__(self) -> None:
        self.requests = _Family("jianghu_requests_total", "counter", "Answered requests, by route and status.")
        self.refused = _Family("jianghu_refused_total", "counter", "Requests refused before a route saw them.")
        self.prompt_tokens = _Family("jianghu_prompt_tokens_total", "counter", "Tokens of prompts.")
        self.written_tokens = _Family("jianghu_written_tokens_total", "counter", "Tokens written.")
        self.gone = _Family("jianghu_clients_gone_total", "counter", "Requests whose client went before the end.")
        self.first = _Histogram("jianghu_first_token_seconds", "From request to first token.")
        self.whole = _Histogram("jianghu_request_seconds", "From request to last token.")
        self.steps = _Histogram("jianghu_step_seconds", "One token of every running text.")

    def step(self, model: str, seconds: float, written: int) -> None:
        """Note one step of the engine."""
        self.steps.observe(seconds, model=model)
        self.written_tokens.add(written, model=model)

    def text(self, texts: dict[str, dict[str, int]]) -> str:
        """Everything, for a scraper.

        Args:
            texts: texts running and waiting by checkpoint, as the worker tells now.
        """
        gauge = _Family("jianghu_texts", "gauge", "Texts in the engine now, by state.")
        for model, states in texts.items():
            for state, count in states.items():
                gauge.add(count, model=model, state=state)
        families: Iterable[_Family] = [value for value in vars(self).values() if isinstance(value, _Family)]
        return "".join(family.text() for family in [*families, gauge])


def _line(name: str, labels: Labels, value: float) -> str:
    inner = ",".join(f'{key}="{_escape(text)}"' for key, text in labels)
    return f"{name}{{{inner}}} {value:.15g}\n" if labels else f"{name} {value:.15g}\n"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
