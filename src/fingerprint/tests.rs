use proptest::prelude::*;
use serde_json::json;

use super::*;

fn fingerprint(params: Value) -> Fingerprint {
    Fingerprint {
        kind: "train-autoencoder".into(),
        version: 3,
        params,
        seed: Some(7),
        device: "cpu".into(),
        source: None,
        inputs: BTreeMap::from([("dataset".into(), ContentHash::of(b"data"))]),
    }
}

fn words(old: &Fingerprint, new: &Fingerprint) -> String {
    explain(Some(old), new).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn params_changed(was: Value, now: Value) -> String {
    words(&fingerprint(was), &fingerprint(now))
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..4i64).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3..4i32).prop_map(|value| Value::from(f64::from(value))),
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(Value::from),
        "[a-c0-9]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]{1,2}", inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn hashes_differ_exactly_when_a_difference_can_be_named(a in value(), b in value()) {
        let (a, b) = (fingerprint(a), fingerprint(b));
        prop_assert_eq!(a.hash() == b.hash(), differences(&a, &b).is_empty());
        prop_assert_eq!(a.hash() == b.hash(), a == b);
        prop_assert!(!explain(Some(&a), &b).is_empty());
    }

    #[test]
    fn a_param_and_the_source_never_stand_in_for_each_other(a in value(), b in value()) {
        prop_assume!(a != b);
        let with = |params: &Value, source: &Value| {
            Fingerprint { source: Some(source.clone()), ..fingerprint(params.clone()) }.hash()
        };
        prop_assert_ne!(with(&a, &b), with(&b, &a));
    }

    #[test]
    fn a_fingerprint_survives_its_json(params in value()) {
        let before = fingerprint(params);
        let text = serde_json::to_string(&before).unwrap();
        let after: Fingerprint = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(before.hash(), after.hash());
    }
}

#[test]
fn the_hash_of_a_known_fingerprint_stays() {
    // Changes only together with a new domain in `Fingerprint::hash`: every cached result would be lost.
    let hash = fingerprint(json!({"epochs": 10, "lr": 1e-3, "encoder": ["dense 32 relu"], "tied": false})).hash();
    insta::assert_snapshot!(hash, @"e77cb7427425291e99df43340e7b8f07cd542f74b3c1f2f4cc6d68e4e1d6b547");
}

#[test]
fn a_number_is_its_value_and_text_is_not_a_number() {
    let hash = |text: &str| fingerprint(serde_json::from_str(text).unwrap()).hash();
    assert_eq!(hash("1e-5"), hash("0.00001"));
    assert_eq!(hash("0.0"), hash("-0.0"));
    assert_ne!(hash("1"), hash("\"1\""));
    assert_ne!(hash("1"), hash("1.0"));
    assert_ne!(hash("1"), hash("true"));
    assert_ne!(hash("null"), hash("{}"));
}

#[test]
fn key_order_does_not_matter() {
    let hash = |text: &str| fingerprint(serde_json::from_str(text).unwrap()).hash();
    assert_eq!(hash(r#"{"a": 1, "b": {"c": 2, "d": 3}}"#), hash(r#"{"b": {"d": 3, "c": 2}, "a": 1}"#));
}

#[test]
fn swapped_values_of_two_params_are_a_change() {
    insta::assert_snapshot!(params_changed(json!({"a": 1, "b": 2}), json!({"a": 2, "b": 1})), @r"
    param a: 1 → 2
    param b: 2 → 1
    ");
}

#[test]
fn changed_added_and_removed_params_are_named() {
    insta::assert_snapshot!(params_changed(json!({"epochs": 20, "lr": 1e-3}), json!({"dropout": 0.2, "epochs": 50})), @r"
    param dropout: not set → 0.2
    param epochs: 20 → 50
    param lr: 0.001 → not set
    ");
}

#[test]
fn the_changed_element_of_a_list_is_named() {
    let was = json!({"encoder": ["dense 256 relu", "dense 128 relu", "dense 32"], "range": [0.0, 1.0]});
    let now = json!({"encoder": ["dense 256 relu", "dense 128 relu", "dense 64"], "range": [0.0, 1.0]});
    insta::assert_snapshot!(params_changed(was, now), @"param encoder[2]: dense 32 → dense 64");
}

#[test]
fn elements_added_to_a_list_and_removed_from_it_are_named() {
    let short = json!({"encoder": ["dense 256 relu", "dense 32"]});
    let one_more = json!({"encoder": ["dense 256 relu", "dense 128 relu", "dense 32"]});
    let other = json!({"encoder": ["conv 16 3x3 relu", "maxpool 2", "flatten", "dense 32"]});
    insta::assert_snapshot!(params_changed(short.clone(), one_more.clone()), @"param encoder[1]: not set → dense 128 relu");
    insta::assert_snapshot!(params_changed(one_more, short.clone()), @"param encoder[1]: dense 128 relu → not set");
    insta::assert_snapshot!(params_changed(short, other), @r#"param encoder[0..3]: ["dense 256 relu"] → ["conv 16 3x3 relu","maxpool 2","flatten"]"#);
}

#[test]
fn nested_tables_are_named_by_their_path() {
    let was = json!({"noise": {"kind": "gaussian", "amount": 0.1}});
    let now = json!({"noise": {"kind": "gaussian", "amount": 0.3}});
    insta::assert_snapshot!(params_changed(was, now), @"param noise.amount: 0.1 → 0.3");
}

#[test]
fn other_data_that_a_param_asks_for_is_named_by_the_param() {
    let with = |params: Value, source: Value| Fingerprint { source: Some(source), ..fingerprint(params) };
    let named = |name: &str, hash: &str| with(json!({"dataset": name}), json!({"dataset": name, "sha256": [hash]}));
    insta::assert_snapshot!(words(&named("mnist", "ba"), &named("cifar10", "c4")), @"param dataset: mnist → cifar10");
    let own = with(json!({"dataset": "csv"}), json!({"format": "csv", "files": ["ff"]}));
    insta::assert_snapshot!(words(&named("mnist", "ba"), &own), @"param dataset: mnist → csv");
}

#[test]
fn another_kind_is_all_that_is_named() {
    let old = fingerprint(json!({"epochs": 20}));
    let new = Fingerprint { kind: "pca".into(), seed: None, ..fingerprint(json!({"components": 2})) };
    assert_eq!(words(&old, &new), format!("kind: {} → pca", old.kind));
}

#[test]
fn everything_but_params_is_named_too() {
    let old = fingerprint(json!({}));
    let new = Fingerprint {
        version: 4,
        seed: None,
        device: "cuda".into(),
        source: Some(json!({"name": "mnist"})),
        inputs: BTreeMap::from([
            ("dataset".into(), ContentHash::of(b"other")),
            ("model".into(), ContentHash::of(b"model")),
        ]),
        ..old.clone()
    };
    insta::assert_snapshot!(words(&old, &new), @r#"
    kind version: 3 → 4
    seed: 7 → not set
    device: cpu → cuda
    source: not set → {"name":"mnist"}
    input dataset: 28a249c2 → 3f796163
    input model: not set → ccca5379
    "#);
}

#[test]
fn a_first_run_and_a_lost_result_are_told_apart() {
    let new = fingerprint(json!({}));
    assert_eq!(explain(None, &new)[0].to_string(), "first run");
    assert_eq!(words(&new, &new), "result no longer in the cache");
}

#[test]
fn a_number_and_the_same_digits_as_text_look_different() {
    assert_eq!(params_changed(json!({"a": 1}), json!({"a": "1"})), "param a: 1 → \"1\"");
}

#[test]
fn long_values_are_shortened() {
    let text = params_changed(json!({"note": "x".repeat(200)}), json!({"note": "y"}));
    insta::assert_snapshot!(text, @"param note: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… → y");
}

#[test]
fn changed_data_is_told_in_words() {
    let with = |source: Value| Fingerprint { source: Some(source), ..fingerprint(json!({})) };
    let told = |was: Value, now: Value| {
        explain(Some(&with(was)), &with(now)).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    let table = |files: Value| json!({ "format": "csv", "files": files });
    assert_eq!(told(table(json!(["a", null])), table(json!(["b", null]))), "the training data changed");
    assert_eq!(told(table(json!(["a", null])), table(json!(["a", "c"]))), "the test data changed");
    let (was, now) = (json!([["a", "b"], null]), json!([["a", "c"], null]));
    assert_eq!(told(table(was), table(now)), "the training labels changed");
    assert_eq!(told(table(json!("a")), table(json!("b"))), "the data changed");
    let version = |version: u32| json!({ "dataset": "synthetic-digits", "version": version });
    assert_eq!(told(version(1), version(2)), "source version: 1 → 2");
}
