package ramp_test

import (
	"net/mail"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

func TestReferenceIsFitForWorkflowIDsURLsAndShells(t *testing.T) {
	t.Parallel()
	requireTaken(t, ramp.ValidateReference, "inv-42", "0", "A.b_c-d", "550e8400-e29b-41d4-a716-446655440000", strings.Repeat("a", 128))
	requireAllRefused(t, ramp.ValidateReference, "start with a letter or digit",
		"", " ", "-rf", "--help", ".", "..", ".hidden", "_x", "inv/42", "inv 42", "inv\n42", "inv#42", "inv?42", "inv%2f", "$(id)",
		"inv;42", "inv*", "~", "asha@example.test", "références", strings.Repeat("a", 129))
}

func TestReferenceSurvivesTheWorkflowID(t *testing.T) {
	t.Parallel()
	direction, reference, err := ramp.ParseWorkflowID(ramp.Offramp.WorkflowID("wd-7"))
	require.NoError(t, err)
	require.Equal(t, ramp.Offramp, direction)
	require.NoError(t, ramp.ValidateReference(reference))
}

func TestEmailIsABareAddress(t *testing.T) {
	t.Parallel()
	emails := []string{
		"asha@example.test", "Asha.Rao+inr@mail.example.test", "a@b.co", "o'neil!#$%&*-/=?^_`{|}~@example.test",
		"1@1.test", strings.Repeat("a", 64) + "@example.test",
		"a@" + strings.Repeat("b", 63) + ".test",
	}
	requireTaken(t, ramp.ValidateEmail, emails...)
	for _, email := range emails {
		parsed, err := mail.ParseAddress(email)
		require.NoError(t, err)
		require.Equal(t, email, parsed.Address, "the standard library reads the same address")
	}
}

func TestEmailOfAnotherFormIsRefused(t *testing.T) {
	t.Parallel()
	requireAllRefused(t, ramp.ValidateEmail, "such as asha@example.test",
		"", "asha", "@example.test", "asha@", "asha@localhost", "asha@@example.test", "a@b@example.test", ".asha@example.test",
		"asha.@example.test", "as..ha@example.test", "asha@example..test", "asha@.example.test", "asha@example.test.",
		"asha@-example.test", "asha@example-.test", "asha@exam_ple.test", "asha@127.0.0.1", "asha@[127.0.0.1]",
		"Asha Rao <asha@example.test>", "<asha@example.test>", "asha@example.test (Asha)", `"asha rao"@example.test`,
		" asha@example.test", "asha@example.test ", "asha@example.test\r\nBcc: x@example.test", "asha@exämple.test", "äsha@example.test",
		"asha@example.test,b@example.test", strings.Repeat("a", 65)+"@example.test", "a@"+strings.Repeat("b", 64)+".test",
		"a@"+strings.Repeat("b.", 126)+"test")
}

func TestPANIsTenCharacters(t *testing.T) {
	t.Parallel()
	requireTaken(t, ramp.ValidatePAN, "ABCPE1234F", "ZZZCZ0000Z")
	requireAllRefused(t, ramp.ValidatePAN, "5 capital letters, 4 digits and a capital letter",
		"", "ABCPE1234", "ABCPE1234FF", "abcpe1234f", "ABCP01234F", "ABCPEO234F", "ABCPE12345", "ABCPE 234F", "ABCPÉ123F", " ABCPE1234F")
}

// Aadhaar numbers that UIDAI publishes for testing.
func aadhaars() []string {
	return []string{"999941057058", "999971658847", "999933119405", "999955183433", "999990501894"}
}

func TestAadhaarHasAVerhoeffCheckDigit(t *testing.T) {
	t.Parallel()
	requireTaken(t, ramp.ValidateAadhaar, aadhaars()...)
	requireAllRefused(t, ramp.ValidateAadhaar, "12 digits, without spaces, of which the first is 2 to 9",
		"", "99994105705", "9999410570588", "9999 4105 7058", "099941057058", "199941057058", "99994105705X", "९९९९४१०५७०५८")
}

func TestEveryMistypedDigitOfAnAadhaarIsFound(t *testing.T) {
	t.Parallel()
	for _, aadhaar := range aadhaars() {
		for i := range aadhaar {
			for c := '0'; c <= '9'; c++ {
				wrong := aadhaar[:i] + string(c) + aadhaar[i+1:]
				if wrong != aadhaar {
					require.Error(t, ramp.ValidateAadhaar(wrong), wrong)
				}
			}
		}
	}
	requireRefused(t, ramp.ValidateAadhaar("999941057059"), "999941057059", "wrong check digit")
}

func TestEverySwapOfNeighboursInAnAadhaarIsFound(t *testing.T) {
	t.Parallel()
	for _, aadhaar := range aadhaars() {
		for i := range len(aadhaar) - 1 {
			swapped := aadhaar[:i] + aadhaar[i+1:i+2] + aadhaar[i:i+1] + aadhaar[i+2:]
			if swapped != aadhaar {
				require.Error(t, ramp.ValidateAadhaar(swapped), swapped)
			}
		}
	}
}
