# The commands of CONTRIBUTING.md, by name: https://just.systems. Each can be typed without it.

# Lists the commands
list:
    @{{ just_executable() }} --list --unsorted

# Runs the tests, or those whose names hold a word
test *words:
    cargo test --locked {{ if words == "" { "" } else { "-- " + words } }}

# Checks format and lints, as CI does
check:
    cargo fmt --check
    cargo clippy --all-targets --all-features --locked -- -D warnings

# Runs everything that has to hold before a change goes in, or some steps of it
ci *steps:
    bash .ci/run {{ steps }}

# Writes snapshots and stored fixtures anew, then tests with them
update:
    ARCPROBE_UPDATE=1 INSTA_UPDATE=always cargo test --no-fail-fast
    cargo test
    git diff --stat

# Writes the generated pages of docs/reference anew
reference:
    ARCPROBE_UPDATE=1 cargo test --test it reference

# Checks the built-in rules
rules:
    cargo run -- rules validate rules/azure.yaml rules/azure-*.yaml

# Runs the stored inputs of the fuzz targets
inputs:
    cargo test --lib fuzzing

# Searches for inputs that break a reader
fuzz seconds="5" *targets:
    bash fuzz/run {{ seconds }} {{ targets }}
