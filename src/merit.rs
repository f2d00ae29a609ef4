//! Which metrics matter most, which way each is better, and what people call it. Knows names only.

use std::collections::BTreeSet;

use crate::event::of_companion;

/// Which way a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    Lower,
    Higher,
}

/// Key metrics by the last part of their name, most important first (variational autoencoders' own are of them alone); `None`: neither way is better.
const KEY: [(&str, Option<Better>); 17] = [
    ("val_elbo", Some(Better::Higher)),
    ("val_reconstruction", Some(Better::Lower)),
    ("val_divergence", None),
    ("active_dimensions", None),
    ("mse", Some(Better::Lower)),
    ("test_accuracy", Some(Better::Higher)),
    ("ssim", Some(Better::Higher)),
    ("bce", Some(Better::Lower)),
    ("pixel_accuracy", Some(Better::Higher)),
    ("auroc", Some(Better::Higher)),
    ("nmi", Some(Better::Higher)),
    ("val_loss", Some(Better::Lower)),
    ("macro_f1", Some(Better::Higher)),
    ("trustworthiness", Some(Better::Higher)),
    ("kl_divergence", Some(Better::Lower)),
    ("train_loss", Some(Better::Lower)),
    ("parameters", None),
];

/// Metrics that stages with other values of these params of their own do not measure in the same way.
pub const MEASURED_BY: [(&str, &[&str]); 4] = [
    ("train_loss", &["loss", "beta"]),
    ("val_loss", &["loss", "beta"]),
    ("train_reconstruction", &["loss"]),
    ("val_reconstruction", &["loss"]),
];

/// The metric's own name, without the stage.
pub fn own(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Which way is better; `None` when that is not known.
pub fn better(name: &str) -> Option<Better> {
    let own = own(name);
    let known = KEY.iter().find(|(key, _)| *key == own);
    let guess = || {
        let ends = |ends: &[&str]| ends.iter().any(|end| own.ends_with(end));
        if ends(&["loss", "error", "mse", "mae", "false_positive_rate"]) {
            Some(Better::Lower)
        } else if ends(&["accuracy", "f1", "recall", "precision", "purity", "ari", "true_positive_rate"]) {
            Some(Better::Higher)
        } else {
            None
        }
    };
    known.map_or_else(guess, |(_, better)| *better)
}

/// The most important of `names`, at most `most`, one for each kind of metric. A companion's never is: a page that had
/// no other accuracy than a probe's would show that as the classifier's.
pub fn key_metrics<'a>(names: &BTreeSet<&'a str>, most: usize) -> Vec<&'a str> {
    let of_kind = |key: &str| {
        let same = names.iter().copied().filter(|name| own(name) == key && !of_companion(name));
        same.min_by_key(|name| (rank(name), *name))
    };
    KEY.iter().filter_map(|(key, _)| of_kind(key)).take(most).collect()
}

/// Stages with a name of the fixed interface come before others that report the same metric.
fn rank(name: &str) -> usize {
    let known = ["evaluate", "classifier", "autoencoder", "tsne", "anomaly", "clusters"];
    usize::from(!known.contains(&name.split('.').next().unwrap_or_default()))
}

/// A metric's name for people: "test MSE", "test accuracy".
pub fn title(name: &str) -> String {
    match own(name) {
        "mse" | "bce" | "ssim" if name.starts_with("evaluate") => format!("test {}", readable(own(name))),
        // Another stage's says whose it is: a pipeline may have several.
        "mse" | "bce" | "ssim" if name.contains('.') => {
            let stage = name.rsplit_once('.').map_or("", |(stage, _)| stage);
            format!("{} of {stage}", readable(own(name)))
        }
        other => readable(other),
    }
}

/// A metric's name for people: known ones in the field's spelling, others with spaces.
pub fn readable(name: &str) -> String {
    match name {
        "mse" => "MSE".into(),
        "mae" => "MAE".into(),
        "bce" => "BCE".into(),
        "ssim" => "SSIM".into(),
        "psnr" => "PSNR".into(),
        "auroc" => "AUROC".into(),
        "auprc" => "AUPRC".into(),
        "nmi" => "NMI".into(),
        "ari" => "ARI".into(),
        "kl_divergence" => "KL divergence".into(),
        "macro_f1" => "macro F1".into(),
        "train_loss" => "training loss".into(),
        "val_loss" => "validation loss".into(),
        "val_mse" => "validation MSE".into(),
        "val_elbo" => "validation ELBO".into(),
        "train_elbo" => "training ELBO".into(),
        "val_reconstruction" => "validation reconstruction".into(),
        "train_reconstruction" => "training reconstruction".into(),
        "val_divergence" => "validation divergence".into(),
        "train_divergence" => "training divergence".into(),
        "train_accuracy" => "training accuracy".into(),
        "f1" => "F1".into(),
        "kl" => "KL divergence".into(),
        "dimensions_95" => "components for 95 % of the variance".into(),
        "explained_variance" => "share of variance in two components".into(),
        "val_accuracy" => "validation accuracy".into(),
        other => other.replace('_', " "),
    }
}

/// The arrow that says which way is better.
pub fn arrow(name: &str) -> &'static str {
    match better(name) {
        Some(Better::Lower) => " ↓",
        Some(Better::Higher) => " ↑",
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_pipelines_own_stages_have_key_metrics() {
        let names = BTreeSet::from(["pca.mse", "evaluate.mse", "evaluate.baseline.mse", "x.test_accuracy", "x.epochs"]);
        assert_eq!(key_metrics(&names, 5), ["evaluate.mse", "x.test_accuracy"]);
        let interrupted = BTreeSet::from(["classifier.probe.test_accuracy", "autoencoder.pca.mse"]);
        assert!(key_metrics(&interrupted, 5).is_empty());
    }

    #[test]
    fn losses_are_better_low_and_accuracies_high() {
        assert_eq!(better("a.val_loss"), Some(Better::Lower));
        assert_eq!(better("a.top5_accuracy"), Some(Better::Higher));
        assert_eq!(better("autoencoder.parameters"), None);
    }
}
