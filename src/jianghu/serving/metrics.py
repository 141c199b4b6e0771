"""Counts of what the server does, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

disable_created_metrics()


class Metrics:
    """All counts of one server. Names of checkpoints are the only labels that do not come from the program."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()

        def counter(name: str, help: str, *labels: str) -> Counter:
            return Counter(f"jianghu_{name}", help, labels, registry=registry)

        def histogram(name: str, help: str) -> Histogram:
            return Histogram(f"jianghu_{name}", help, ("model",), buckets=SECONDS, registry=registry)

        self.requests = counter("requests", "Answered requests, by route and status.", "route", "status")
        self.refused = counter("refused", "Requests refused before a route saw them.", "status")
        self.prompt_tokens = counter("prompt_tokens", "Tokens of prompts.", "model")
        self.written_tokens = counter("written_tokens", "Tokens written.", "model")
        self.gone = counter("clients_gone", "Requests whose client went before the end.", "model")
        self.first = histogram("first_token_seconds", "From request to first token.")
        self.whole = histogram("request_seconds", "From request to last token.")
        self.steps = histogram("step_seconds", "One token of every running text.")
        self.texts = Gauge("jianghu_texts", "Texts in the engine now, by state.", ("model", "state"), registry=registry)

    def step(self, model: str, seconds: float, written: int) -> None:
        """Note one step of the engine."""
        self.steps.labels(model).observe(seconds)
        self.written_tokens.labels(model).inc(written)

    def text(self, texts: dict[str, dict[str, int]]) -> str:
        """Everything, for a scraper.

        Args:
            texts: texts running and waiting by checkpoint, as the worker tells now.
        """
        for model, states in texts.items():
            for state, count in states.items():
                self.texts.labels(model, state).set(count)
        return generate_latest(self.registry).decode()
