//! What is said of filters that cannot be read or make no sense.

use insta::assert_snapshot;

use super::*;

#[test]
fn a_condition_is_a_name_a_comparison_and_a_value() {
    let texts = [
        "latent_dim >= ",
        "latent_dim => 16",
        "tag = paper",
        "16 <= latent_dim",
        "latent_dim is null",
        "latent_dim liek 'x'",
        "",
    ];
    assert_snapshot!(texts.map(wrong).concat(), @r"
    latent_dim >= 
                 ^ the filter ends where a value should be; write one, as in `>= 0.5` or `>= 'text'`
    latent_dim => 16
                ^ expected a value, found `>`; a comparison is one of = != < <= > >=
    tag = paper
          ^^^^^ `paper` is not a value; put text between quotes: 'paper'
    16 <= latent_dim
    ^^ `16` is a value where a name should be; write the name first: `latent_dim >= 16`
    latent_dim is null
                  ^^^^ expected `missing`, found `null`; write `is missing`, `is not missing`, or compare with `=`
    latent_dim liek 'x'
               ^^^^ expected a comparison after `latent_dim`, found `liek`; did you mean `like`?

    ^ the filter is empty; write one like `latent_dim >= 16 and tag = 'paper'`
    ");
}

#[test]
fn conditions_are_joined_by_words_and_what_is_opened_is_closed() {
    let texts = [
        "latent_dim >= 16 tag = 'paper'",
        "latent_dim >= 16 && tag = 'paper'",
        "not",
        "tag = 'paper",
        "(latent_dim = 2 or latent_dim = 8",
        "latent_dim = 2)",
        "latent_dim in 2, 8",
        "started > 7 days ago",
    ];
    assert_snapshot!(texts.map(wrong).concat(), @r"
    latent_dim >= 16 tag = 'paper'
                     ^^^ expected `and` or `or`, found `tag`; put `and` or `or` between conditions
    latent_dim >= 16 && tag = 'paper'
                     ^^ `&&` means nothing in a filter; write `and`
    not
       ^ the filter ends where a name should be; write one like `latent_dim >= 16 and tag = 'paper'`
    tag = 'paper
          ^^^^^^ a quote is never closed; close it with '; a quote inside the text is written twice
    (latent_dim = 2 or latent_dim = 8
    ^ a `(` is never closed; close it with `)`
    latent_dim = 2)
                  ^ this `)` closes nothing; remove it, or open it with `(` before
    latent_dim in 2, 8
                  ^ expected `(`, found `2`; write the values between parentheses: `in (2, 8, 32)`
    started > 7 days ago
                ^^^^ expected `and` or `or`, found `days`; put the time between quotes: '7 days ago'
    ");
}

#[test]
fn unknown_names_and_wrong_types_are_all_told_at_once() {
    let texts = [
        "latent = 2 and test_accuracy > 0.9 and classifier.tset_accuracy > 0.9 and xyzzy exists",
        "latent_dim = '16' and activation = 3 and batch_norm = 'yes' and evaluate.mse > 'low'",
        "status = 'fail' and activation > 'a' and seed contains '1' and activation like 5",
        "started > 'soon' and tag = 3",
    ];
    assert_snapshot!(texts.map(wrong).concat(), @r"
    latent = 2 and test_accuracy > 0.9 and classifier.tset_accuracy > 0.9 and xyzzy exists
    ^^^^^^ no run in the log has a param, metric or column `latent`; did you mean `latent_dim`?
                   ^^^^^^^^^^^^^ no run in the log has a param, metric or column `test_accuracy`; did you mean `classifier.probe.test_accuracy` or `classifier.test_accuracy`?
                                           ^^^^^^^^^^^^^^^^^^^^^^^^ no run in the log has a param, metric or column `classifier.tset_accuracy`; did you mean `classifier.test_accuracy`?
                                                                              ^^^^^ no run in the log has a param, metric or column `xyzzy`; there are the columns id, experiment, launch, status, seed, started, seconds, tag, note, variant, and activation, batch_norm, encoder, latent_dim, seed, classifier.probe.test_accuracy, classifier.test_accuracy, evaluate.mse
    latent_dim = '16' and activation = 3 and batch_norm = 'yes' and evaluate.mse > 'low'
                 ^^^^ `latent_dim` is a number, and this is text; write the number without quotes: 16
                                       ^ `activation` is text, and this is a number; put text between quotes: '3'
                                                          ^^^^^ `batch_norm` is a boolean, and this is text; write true or false, without quotes
                                                                                   ^^^^^ `evaluate.mse` is a number, and this is text; write a number without quotes
    status = 'fail' and activation > 'a' and seed contains '1' and activation like 5
             ^^^^^^ no run has the status `fail`; did you mean 'failed'?
                                     ^^^ `>` compares numbers and times; `activation` is text; use `=`, `!=`, `in`, `like` or `contains`
                                                           ^^^ `like` and `contains` look into text, but `seed` is a number; compare with `=`, `<`, `>` or `in (...)`
                                                                                   ^ `like` and `contains` look for text, not for 5; put it between quotes: '5'
    started > 'soon' and tag = 3
              ^^^^^^ `soon` is no time; write a day ('2026-11-22', 'today'), a month ('2026-11'), a time ('2026-11-22 13:40') or how long ago it was ('7 days ago', '2d', '12h')
                               ^ `tag` is text, and this is a number; put text between quotes: '3'
    ");
}

#[test]
fn advice_on_numbers_leads_to_a_filter_that_is_right() {
    let texts = ["evaluate.mse = nan", "evaluate.mse > 'NaN'", "evaluate.mse < -inf", "latent_dim in (8, 1_000)"];
    assert_snapshot!(texts.map(wrong).concat(), @r"
    evaluate.mse = nan
                   ^^^ `nan` is not a value; numbers that are not finite count as missing: write `is missing` after the name
    evaluate.mse > 'NaN'
                   ^^^^^ `evaluate.mse` is a number, and this is text; numbers that are not finite count as missing: write `is missing` after the name
    evaluate.mse < -inf
                   ^^^^ `-inf` is not a value; numbers that are not finite count as missing: write `is missing` after the name
    latent_dim in (8, 1_000)
                      ^^^^^ `latent_dim` is a number, and this is text; write the number without `_`: 1000
    ");
}
