"""Run on its own, as Ultralytics changes OpenCV and PyTorch for the whole process: what it reads of a folder.

Usage: read_with_ultralytics.py FOLDER TASK OUT; writes OUT, a JSON of what its YOLODataset holds of each split.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ultralytics.data.augment import Format
from ultralytics.data.dataset import YOLODataset
from ultralytics.data.utils import check_det_dataset, verify_image_label


def main(folder: str, task: str, out: str) -> None:
    data = check_det_dataset(f"{folder}/data.yaml", autodownload=False)
    found = {"names": data["names"]}
    for split in ("train", "val"):
        dataset = YOLODataset(img_path=data[split], data=data, task=task, augment=False, imgsz=64, rect=False)
        for transform in dataset.transforms.transforms:
            if isinstance(transform, Format):
                transform.mask_ratio, transform.mask_overlap = 1, False
        verified = [
            verify_image_label((image, label, "", False, len(data["names"]), 0, 2, False))
            for image, label in zip(dataset.im_files, dataset.label_files, strict=True)
        ]
        samples = [dataset[number] for number in range(len(dataset))]
        found[split] = {
            "files": [Path(name).name for name in dataset.im_files],
            "missing": sum(result[5] for result in verified),
            "corrupt": sum(result[8] for result in verified),
            "messages": [result[9] for result in verified if result[9]],
            "classes": [sample["cls"].flatten().tolist() for sample in samples],
            "boxes": [sample["bboxes"].tolist() for sample in samples],
            "masks": [sample["masks"].tolist() if task == "segment" else [] for sample in samples],
            "shapes": [label["shape"] for label in dataset.labels],
        }
    Path(out).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
