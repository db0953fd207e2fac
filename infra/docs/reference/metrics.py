"""Table of the gateway's metrics."""

from prometheus_client.metrics import MetricWrapperBase

from infra.docs.reference.markdown import code, table
from infra.gateway import metrics as registry


def metrics() -> str:
    rows = []
    for each in vars(registry).values():
        if isinstance(each, MetricWrapperBase):
            (metric,) = each.describe()
            name = metric.name + ("_total" if metric.type == "counter" else "")
            labels = ", ".join(map(code, each._labelnames))  # noqa: SLF001
            rows.append((code(name), metric.type, labels, metric.documentation))
    return table(("metric", "kind", "labels", "meaning"), rows)
