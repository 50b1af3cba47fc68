"""Image networks: convolutions, patches and tokens."""

from __future__ import annotations

from ..shape_counts import Handle
from ..shapes import Shapes
from .blocks import block

VIT = {"ti": (192, 12, 3), "s": (384, 12, 6), "b": (768, 12, 12), "l": (1024, 24, 16)}  # width, depth, heads
RESNET50 = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))  # width, blocks, stride of the first
MOBILENET_V1 = (64, -128, 128, -256, 256, -512, 512, 512, 512, 512, 512, -1024, 1024)  # minus: stride 2
MOBILENET_V2 = (  # expansion, channels, repeats, stride of the first
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
CONVNEXT_T = ((96, 3), (192, 3), (384, 9), (768, 3))  # channels, blocks


def resnet50(size: int = 224) -> Shapes:
    """Return ResNet-50, version 1.5: the 3×3 of a block has its stride. He et al. 2016, arXiv 1512.03385."""
    net = Shapes("resnet50", (3, size, size))
    x = net.pool(net.conv(net.input, "conv1", 64, 7, stride=2, passes=2), 3, 2)
    for stage, (width, blocks, first) in enumerate(RESNET50, start=1):
        for i in range(blocks):
            name, stride = f"layer{stage}.{i}", first if i == 0 else 1
            y = net.conv(x, f"{name}.conv1", width, 1, passes=2)
            y = net.conv(y, f"{name}.conv2", width, 3, stride=stride, passes=2)
            y = net.conv(y, f"{name}.conv3", 4 * width, 1, passes=2)
            if i == 0:
                x = net.conv(x, f"{name}.downsample", 4 * width, 1, stride=stride, passes=1)
            x = net.add(y, x)
    net.linear(net.global_pool(x), "fc", 1000)
    return net


def vgg16(size: int = 224) -> Shapes:
    """Return VGG-16, configuration D. Simonyan & Zisserman 2015, arXiv 1409.1556."""
    net = Shapes("vgg16", (3, size, size))
    x, n = net.input, 0
    for width, layers in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(layers):
            n += 1
            x = net.conv(x, f"conv{n}", width, 3, passes=1)
        x = net.pool(x, 2)
    x = net.reshape(x, (x.shape[0] * x.shape[1] * x.shape[2],))
    x = net.linear(x, "fc1", 4096, passes=1)
    net.linear(net.linear(x, "fc2", 4096, passes=1), "fc3", 1000)
    return net


def vit(variant: str, size: int = 224, patch: int = 16) -> Shapes:
    """Return a ViT: a class token before the patches, heads of 64, four times the width between. arXiv 2010.11929.

    variant   ti, s (Touvron et al. 2021, arXiv 2012.12877), b or l (Dosovitskiy et al. 2021)
    """
    width, depth, heads = VIT[variant]
    net = Shapes(f"vit_{variant}", (3, size, size))
    x = net.conv(net.input, "patches", width, patch, stride=patch, passes=1)
    x = net.apply(net.prepend(net.reshape(x, (x.shape[1] * x.shape[2], width))))
    for i in range(depth):
        x = block(net, x, f"block{i}", heads, 4 * width)
    net.linear(net.take(x, (width,)), "head", 1000)
    return net


def mobilenet_v1(size: int = 224) -> Shapes:
    """Return MobileNet, width 1. Howard et al. 2017, arXiv 1704.04861."""
    net = Shapes("mobilenet_v1", (3, size, size))
    x = net.conv(net.input, "conv0", 32, 3, stride=2, passes=2)
    for i, outputs in enumerate(MOBILENET_V1, start=1):
        x = net.conv(x, f"depthwise{i}", x.shape[0], 3, stride=2 if outputs < 0 else 1, groups=x.shape[0], passes=2)
        x = net.conv(x, f"pointwise{i}", abs(outputs), 1, passes=2)
    net.linear(net.global_pool(x), "fc", 1000)
    return net


def mobilenet_v2(size: int = 224) -> Shapes:
    """Return MobileNetV2, width 1. Sandler et al. 2018, arXiv 1801.04381."""
    net = Shapes("mobilenet_v2", (3, size, size))
    x, n = net.conv(net.input, "conv0", 32, 3, stride=2, passes=2), 0
    for expansion, channels, repeats, first in MOBILENET_V2:
        for i in range(repeats):
            n += 1
            x = _inverted(net, x, f"block{n}", expansion, channels, first if i == 0 else 1)
    x = net.conv(x, "conv_last", 1280, 1, passes=2)
    net.linear(net.global_pool(x), "fc", 1000)
    return net


def _inverted(net: Shapes, x: Handle, name: str, expansion: int, channels: int, stride: int) -> Handle:
    inner, y = expansion * x.shape[0], x
    if expansion > 1:
        y = net.conv(y, f"{name}.expand", inner, 1, passes=2)
    y = net.conv(y, f"{name}.depthwise", inner, 3, stride=stride, groups=inner, passes=2)
    y = net.conv(y, f"{name}.project", channels, 1, passes=1)
    return net.add(y, x) if y.shape == x.shape else y


def convnext_t(size: int = 224) -> Shapes:
    """Return ConvNeXt-T. Liu et al. 2022, arXiv 2201.03545."""
    net = Shapes("convnext_t", (3, size, size))
    x = net.conv(net.input, "stem", CONVNEXT_T[0][0], 4, stride=4, passes=1)
    for stage, (channels, blocks) in enumerate(CONVNEXT_T, start=1):
        if stage > 1:
            x = net.conv(net.apply(x), f"down{stage}", channels, 2, stride=2)
        for i in range(blocks):
            name = f"stage{stage}.{i}"
            y = net.conv(x, f"{name}.depthwise", channels, 7, groups=channels, passes=1)
            y = net.conv(y, f"{name}.expand", 4 * channels, 1, passes=1)
            y = net.conv(y, f"{name}.project", channels, 1, passes=1)
            x = net.add(y, x)
    net.linear(net.apply(net.global_pool(x)), "head", 1000)
    return net


def mixer_b16(size: int = 224) -> Shapes:
    """Return MLP-Mixer-B/16. Tolstikhin et al. 2021, arXiv 2105.01601."""
    net, width, tokens, channels = Shapes("mixer_b16", (3, size, size)), 768, 384, 3072
    x = net.conv(net.input, "patches", width, 16, stride=16)
    n = x.shape[1] * x.shape[2]
    x = net.reshape(x, (n, width))
    for i in range(12):
        y = net.reshape(net.apply(x), (width, n))  # across the tokens: each channel is a row
        y = net.linear(net.linear(y, f"block{i}.tokens1", tokens, barrier=True, passes=1), f"block{i}.tokens2", n)
        x = net.apply(net.add(net.reshape(y, (n, width)), x))
        y = net.linear(x, f"block{i}.channels1", channels, barrier=True, passes=1)
        y = net.linear(y, f"block{i}.channels2", width)
        x = net.add(y, x)
    net.linear(net.take(net.apply(x), (width,)), "head", 1000)
    return net


def pilotnet() -> Shapes:
    """Return PilotNet as it ran on Loihi 2: images of 200×66. Bojarski et al. 2016, arXiv 1604.07316; lava-dl."""
    net = Shapes("pilotnet", (3, 200, 66))
    x = net.input
    for i, (channels, stride, padding) in enumerate(
        ((24, (2, 2), (0, 0)), (36, (2, 2), (0, 0)), (48, (2, 2), (0, 0)), (64, (1, 2), (0, 1)), (64, (1, 1), (0, 0)))
    ):
        x = net.conv(x, f"conv{i + 1}", channels, 3, stride=stride, padding=padding, passes=1)
    x = net.reshape(x, (2560,))
    for i, width in enumerate((100, 50, 10), start=1):
        x = net.linear(x, f"fc{i}", width, passes=1)
    net.linear(x, "fc4", 1)
    return net
