"""V10: image networks on CPUs."""

from __future__ import annotations

from .row import Group, Row, cost, seconds


def processors() -> Group:
    """Time for one image, fp32."""
    names = ("mobilenet_v2", "vit_ti", "vit_s", "resnet50", "convnext_t", "mixer_b16", "vit_b", "vgg16", "vit_l")
    measured = {
        "i9_10940x": (5.30, 5.49, 13.06, 14.87, 14.54, 22.2, 30.9, 117.9, 142.0),
        "i7_12700h": (6.59, 12.87, 37.4, 32.8, 37.5, 89.1, 120.0, 196.9, 441.6),
    }
    rows = []
    for device, times in measured.items():
        for name, ms in zip(names, times, strict=True):
            fitted = name == "resnet50"
            why = "fitted: the platform's compute_efficiency" if fitted else ""
            found = seconds(cost(name, device))
            rows.append(Row(f"{device}: {name}", "s", ms / 1e3, found, None if fitted else 3.0, why))
    return Group("V10", "CPUs, fp32, batch 1", "timm", tuple(rows))
