//! Which metrics matter most, which way each is better, and what people call it. Knows names only.

use std::collections::BTreeSet;

/// Which way a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    Lower,
    Higher,
}

/// How many [`place`]s there are.
pub const PLACES: usize = 18;

/// The metrics of the shipped pipelines that are shown first, most important first (variational autoencoders' own are of
/// them alone), and which way each is better; `None`: neither is.
const KEY: [(&str, Option<Better>); PLACES] = [
    ("autoencoder.val_elbo", Some(Better::Higher)),
    ("autoencoder.val_reconstruction", Some(Better::Lower)),
    ("autoencoder.val_divergence", None),
    ("autoencoder.active_dimensions", None),
    ("evaluate.mse", Some(Better::Lower)),
    ("classifier.test_accuracy", Some(Better::Higher)),
    ("evaluate.ssim", Some(Better::Higher)),
    ("evaluate.bce", Some(Better::Lower)),
    ("evaluate.pixel_accuracy", Some(Better::Higher)),
    ("anomaly.auroc", Some(Better::Higher)),
    ("clusters.nmi", Some(Better::Higher)),
    ("autoencoder.val_loss", Some(Better::Lower)),
    ("classifier.macro_f1", Some(Better::Higher)),
    ("tsne.trustworthiness", Some(Better::Higher)),
    ("tsne.kl_divergence", Some(Better::Lower)),
    ("autoencoder.train_loss", Some(Better::Lower)),
    ("classifier.train_accuracy", Some(Better::Higher)),
    ("autoencoder.parameters", None),
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
    let known = KEY.iter().find(|(key, _)| self::own(key) == own);
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

/// The place of a metric among the key metrics, the most important first: `evaluate.mse`, or `mse` whatever the stage.
pub fn place(name: &str) -> Option<usize> {
    KEY.iter().position(|(key, _)| *key == name || own(key) == name)
}

/// Whether a metric `<stage>.<metric>` is of a stage that was planned along with another, as `classifier.probe` is with
/// `classifier`: it stands beside the other's figures, never in their place. Names that people write have no dot.
pub fn of_companion(metric: &str) -> bool {
    metric.matches('.').count() > 1
}

/// The most important of `names`, at most `most`, one for each kind of metric. A companion's never is: a page that had
/// no other accuracy than a probe's would show that as the classifier's.
pub fn key_metrics<'a>(names: &BTreeSet<&'a str>, most: usize) -> Vec<&'a str> {
    let of_kind = |key: &str| {
        let same = names.iter().copied().filter(|name| own(name) == own(key) && !of_companion(name));
        same.min_by_key(|name| (rank(name), *name))
    };
    KEY.iter().filter_map(|(key, _)| of_kind(key)).take(most).collect()
}

/// Stages with a name of the fixed interface come before others that report the same metric.
fn rank(name: &str) -> usize {
    let stage = |name: &str| name.split('.').next().map(str::to_owned);
    usize::from(!KEY.iter().any(|(key, _)| stage(key) == stage(name)))
}

/// A metric's name for people: "test MSE", "test accuracy".
pub fn title(name: &str) -> String {
    let Some((stage, own)) = name.rsplit_once('.') else { return readable(name) };
    match own {
        "mse" | "bce" | "ssim" if stage == "evaluate" => format!("test {}", readable(own)),
        // Another stage's says whose it is: a pipeline may have several.
        "mse" | "bce" | "ssim" | "pixel_accuracy" if stage != "evaluate" => format!("{} of {stage}", readable(own)),
        _ if of_companion(name) => format!("{} of {stage}", readable(own)),
        _ => readable(own),
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
pub fn arrow(better: Option<Better>) -> &'static str {
    match better {
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
    fn titles_of_different_stages_metrics_are_different() {
        let names =
            ["evaluate.mse", "evaluate_noisy.mse", "classifier.test_accuracy", "classifier.probe.test_accuracy"];
        let titles = ["test MSE", "MSE of evaluate_noisy", "test accuracy", "test accuracy of classifier.probe"];
        assert_eq!(names.map(title), titles);
    }

    #[test]
    fn losses_are_better_low_and_accuracies_high() {
        assert_eq!(better("a.val_loss"), Some(Better::Lower));
        assert_eq!(better("a.top5_accuracy"), Some(Better::Higher));
        assert_eq!(better("autoencoder.parameters"), None);
    }
}
