"""The torch module in Lightning: it draws anew in every epoch, rests in validation, and repeats under a seed."""

from __future__ import annotations

import warnings

import pytest
from other_packages import lightning

torch = pytest.importorskip("torch", reason="torch is an optional dependency")
SpectralAugment = pytest.importorskip("specaug.integrations.torch").SpectralAugment


@pytest.fixture
def L(monkeypatch, tmp_path):  # as its users call it
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # advice on workers, progress and precision is no concern of these tests
        yield lightning()


def module_of(L):
    class Detector(L.LightningModule):
        """Half the images are bona fide; what it sees in each step is kept."""

        def __init__(self):
            super().__init__()
            self.augment = SpectralAugment("moire", p=1.0)
            self.head = torch.nn.Linear(1, 1)
            self.seen = {"train": [], "validate": []}

        def on_after_batch_transfer(self, batch, dataloader_idx):
            images, labels = batch
            return self.augment(images, labels)

        def training_step(self, batch, batch_idx):
            images, labels = batch
            self.seen["train"].append((images.clone(), labels.clone()))
            logits = self.head(images.mean((1, 2, 3))[:, None])[:, 0]
            return torch.nn.functional.binary_cross_entropy_with_logits(logits, labels.to(logits))

        def validation_step(self, batch, batch_idx):
            self.seen["validate"].append(batch)

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    return Detector()


def fit(L, seed):
    L.seed_everything(seed, verbose=False)
    images, labels = torch.full((8, 3, 16, 16), 0.5), torch.tensor([0, 1] * 4)
    data = torch.utils.data.TensorDataset(images, labels)
    loaders = [torch.utils.data.DataLoader(data, batch_size=4) for _ in range(2)]
    detector = module_of(L)
    trainer = L.Trainer(
        max_epochs=2, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    trainer.fit(detector, *loaders)
    return detector.seen


def test_training_is_augmented_anew_in_each_epoch_and_validation_is_not(L):
    seen = fit(L, 1)
    changed = [image for images, labels in seen["train"] for image in images[labels == 1]]
    assert len(seen["train"]) == 4
    assert all(labels.tolist() == [1] * 4 for _, labels in seen["train"])
    # Attacks are left alone, so of four images two are changed: eight in two epochs, no two alike.
    draws = {image.numpy().tobytes() for image in changed if not bool((image == 0.5).all())}
    assert len(draws) == 8
    assert all(bool((images == 0.5).all()) for images, _ in seen["validate"])
    assert [labels.tolist() for _, labels in seen["validate"]][-1] == [0, 1] * 2


def test_a_seed_repeats_a_training(L):
    first, again, other = (fit(L, seed)["train"] for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for (a, _), (b, _) in zip(first, again, strict=True))
    assert not torch.equal(first[0][0], other[0][0])
