#!/bin/sh
# What a release leaves behind, to be read by every later one: `make.sh FOLDER_OF_PROGRAMS RELEASE`, where a release of which the
# events have changed since has their version behind its own: `0.1.0-events-8`. What is there already is never made anew.
set -eu
programs=$(cd "$1" && pwd)
corpus=$(cd "$(dirname "$0")" && pwd)
release=$corpus/$2
mkdir "$release"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export BPR_HOME="$work/home" BPR_NOOP_LOG="$work/calls" BPR_SECRET_CANARY=correct-horse-battery USER=corpus
cp "$corpus/keep.bp" keep.bp
for script in create delete take; do
  echo 'echo "{ \"bytes\": 3 }"' > "$script.sh"
done
# A machine that others take away.
export HOME="$work"
echo 'rm -f "$HOME/blueprint-corpus-lost"' > boot.sh
cat > look.sh << 'END'
state=created
[ -e "$HOME/blueprint-corpus-lost" ] && state=absent
echo "{ \"state\": \"$state\" }"
END
echo 'echo "{ \"token\": \"given-by-a-script\" }"' > give.sh
bpr() { "$programs/bpr" "$@"; }

sed -e '/^@was/d' -e 's/^node renamed/node third/' keep.bp > before.bp
"$programs/bpc" compile before.bp -o before.plan
"$programs/bpc" compile keep.bp -o "$release/keep.plan"
bpr adopt before.plan second=legacy --name keep
bpr deploy before.plan --name keep
bpr update "$release/keep.plan" --name keep
bpr update keep --input size=2
bpr run keep tend
bpr rollback keep
touch "$work/blueprint-corpus-lost"
bpr heal keep
bpr run keep grow
# A script that fails, is tried again, and is skipped.
echo 'exit 7' > create.sh
sed -e 's/script("create.sh")/script("create.sh") { retries = 0 }/' -e 's/one of \$/another of $/' keep.bp > failing.bp
"$programs/bpc" compile failing.bp -o failing.plan
bpr deploy failing.plan --name keep && exit 1
bpr retry keep && exit 1
bpr skip keep db --why "it is there"
bpr journal backup keep "$release/journal.db"
bpr export keep -o "$release/keep.export"
bpr journal compact keep --keep-runs 8
bpr journal backup keep "$release/compacted.db"
bpr export keep -o "$release/compacted.export"
cp "$BPR_HOME/deployments/keep/secrets.key" "$release/secrets.key"
bpr status keep --output json > "$release/status.json"
cp "$BPR_HOME/age.key" "$release/age.key"
