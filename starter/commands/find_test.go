package commands_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"

	"rampart/codec"
	"rampart/ramp"
)

// hashing returns a terminal with a keyset, and its hasher.
func hashing(t *testing.T) (*terminal, ramp.Hasher) {
	t.Helper()
	keyring, err := codec.NewKeyring()
	require.NoError(t, err)
	x := with()
	x.fake.hasher = codec.NewHasher(keyring, "default")
	x.fake.summaries = []ramp.Summary{
		{Reference: "inv-43", Direction: ramp.Onramp, WorkflowID: "onramp/inv-43", Status: ramp.Completed, StartedAt: at(5, 0, 0)},
		{Reference: "inv-42", Direction: ramp.Onramp, WorkflowID: "onramp/inv-42", Status: ramp.Expired, StartedAt: at(4, 0, 0)},
	}
	return x, x.fake.hasher
}

func TestFindAsksForHashesAndNeverForTheValue(t *testing.T) {
	t.Parallel()
	const hash = "0xABC0000000000000000000000000000000000000000000000000000000000001"
	for name, test := range map[string]struct {
		args  []string
		stdin string
		want  func(ramp.Hasher) ramp.Filter
	}{
		"an e-mail address, in any case": {[]string{"--email", "Asha@Example.test"}, "", func(h ramp.Hasher) ramp.Filter {
			return ramp.Filter{Users: h.Hashes(ramp.UserTerm("asha@example.test"))}
		}},
		"an e-mail address from standard input": {[]string{"--email", "-"}, " asha@example.test\nnext", func(h ramp.Hasher) ramp.Filter {
			return ramp.Filter{Users: h.Hashes(ramp.UserTerm("asha@example.test"))}
		}},
		"a UTR": {[]string{"--utr", "412345678901"}, "", func(h ramp.Hasher) ramp.Filter {
			return ramp.Filter{Proofs: h.Hashes(ramp.UTRTerm("412345678901"))}
		}},
		"a hash": {[]string{"--hash", hash}, "", func(h ramp.Hasher) ramp.Filter {
			return ramp.Filter{Proofs: h.Hashes(ramp.TransactionHashTerm(strings.ToLower(hash)))}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, hasher := hashing(t)
			x.stdin = test.stdin
			r := x.run(t, append([]string{"find"}, test.args...)...)
			require.Zero(t, r.code, r.stderr)
			require.Contains(t, r.stdout, "inv-43")
			require.Contains(t, r.stdout, "inv-42")
			require.Equal(t, test.want(hasher), x.fake.filter)
			for _, value := range []string{"asha", "412345678901", strings.ToLower(hash)} {
				require.NotContains(t, strings.ToLower(x.fake.filter.Query()), value)
			}

			found := decoded[[]ramp.Summary](t, x.run(t, append([]string{"find", "-o", "json"}, test.args...)...).stdout)
			require.Len(t, found, 2)
		})
	}
}

func TestFindSaysThatItFindsNothingAndWhy(t *testing.T) {
	t.Parallel()
	x, _ := hashing(t)
	x.fake.summaries = nil
	r := x.run(t, "find", "--email", "asha@example.test")
	require.Zero(t, r.code)
	require.Contains(t, r.stdout, "before workers made hashes")
	require.JSONEq(t, "[]", x.run(t, "find", "--email", "asha@example.test", "-o", "json").stdout)
}

func TestFindSaysThatThereAreMoreOrders(t *testing.T) {
	t.Parallel()
	x, _ := hashing(t)
	r := x.run(t, "find", "--email", "asha@example.test", "--limit", "1")
	require.Contains(t, r.stdout, "inv-43")
	require.NotContains(t, r.stdout, "inv-42")
	require.Contains(t, r.stdout, "--limit")
}

func TestFindFailsWithoutKeysOrSearchAttributesOrServer(t *testing.T) {
	t.Parallel()
	x, _ := hashing(t)
	x.fake.keyless = errors.New("there is no keyset")
	r := x.run(t, "find", "--utr", "412345678901")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "there is no keyset")

	x, _ = hashing(t)
	x.fake.hasher = noKeys{}
	r = x.run(t, "find", "--utr", "412345678901")
	require.Equal(t, 1, r.code, "not every order is found")
	require.Contains(t, r.stderr, "no key that makes search hashes")
	require.Empty(t, r.stdout)

	x, _ = hashing(t)
	x.fake.summaries, x.fake.err = nil, serviceerror.NewInvalidArgument("invalid search attribute: RampProof")
	r = x.run(t, "find", "--utr", "412345678901")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "RampProof")

	x.unreachable = true
	require.Contains(t, x.run(t, "find", "--utr", "412345678901").stderr, "cannot reach Temporal")
}

// noKeys is a keyset without a key that makes hashes.
type noKeys struct{}

func (noKeys) Hash(ramp.Personal) string     { return "" }
func (noKeys) Hashes(ramp.Personal) []string { return nil }

func TestFindRefusesBadInputWithoutRepeatingIt(t *testing.T) {
	t.Parallel()
	for says, args := range map[string][]string{
		"give one of --email, --utr and --hash":              {},
		"give one of --email, --utr and --hash ":             {"--email", "quorn@example.test", "--utr", "412345678901"},
		"--email  must be an e-mail address":                 {"--email", "quorn"},
		"--utr  must be a UTR":                               {"--utr", "quorn"},
		"--hash  must be a transaction hash":                 {"--hash", "quorn"},
		"--limit must be at least 1":                         {"--utr", "412345678901", "--limit", "0"},
		"the first line of standard input must be the value": {"--utr", "-"},
		"--email  must be":                                   {"--email", ""},
	} {
		x, _ := hashing(t)
		r := x.run(t, append([]string{"find"}, args...)...)
		require.Equal(t, 2, r.code, "%s: %s", says, r.stderr)
		require.Contains(t, r.stderr, strings.TrimSpace(says))
		require.NotContains(t, r.stderr, "quorn")
		require.NotContains(t, r.stderr, "412345678901")
	}
}
