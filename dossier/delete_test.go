package dossier_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/dossier"
	"rampart/dossier/dossiertest"
)

func TestDossierOfTheUserIsDeletedWithItsDirectory(t *testing.T) {
	t.Parallel()
	d := dossiertest.New(t)
	stores := dossiertest.Stores(t, "file://"+filepath.Dir(d.Dir))
	has, err := stores.Belongs(t.Context(), d.URL, strings.ToUpper(dossiertest.Email))
	require.NoError(t, err)
	require.True(t, has)
	require.NoError(t, check(t, d))
	had, err := stores.Delete(t.Context(), d.URL, strings.ToUpper(dossiertest.Email))
	require.NoError(t, err)
	require.True(t, had)
	require.NoDirExists(t, d.Dir)
	had, err = stores.Delete(t.Context(), d.URL, dossiertest.Email)
	require.NoError(t, err, "it can be repeated")
	require.False(t, had)
}

func TestDossierOfAnotherUserIsNotDeleted(t *testing.T) {
	t.Parallel()
	d := dossiertest.New(t)
	has, err := dossiertest.Disk(t).Belongs(t.Context(), d.URL, "other@example.test")
	require.NoError(t, err)
	require.False(t, has)
	had, err := dossiertest.Disk(t).Delete(t.Context(), d.URL, "other@example.test")
	require.NoError(t, err)
	require.False(t, had)
	require.NoError(t, check(t, d))
}

func TestFilesThatADossierDoesNotNameAreNotDeleted(t *testing.T) {
	t.Parallel()
	d := dossiertest.New(t).Write("of-somebody-else.txt", "x").With("selfie", "../beside").With("panBack", "dossier.json/..")
	beside := filepath.Join(filepath.Dir(d.Dir), "beside")
	require.NoError(t, os.WriteFile(beside, nil, 0o600))
	had, err := dossiertest.Disk(t).Delete(t.Context(), d.URL, dossiertest.Email)
	require.NoError(t, err)
	require.True(t, had)
	require.FileExists(t, beside)
	require.FileExists(t, filepath.Join(d.Dir, "of-somebody-else.txt"))
	require.NoFileExists(t, filepath.Join(d.Dir, "dossier.json"))
	require.NoFileExists(t, filepath.Join(d.Dir, "front.png"))
}

func TestDeletionThatWasCutOffIsRepeated(t *testing.T) {
	t.Parallel()
	d := dossiertest.New(t).Remove("front.png").Remove("pan.pdf")
	had, err := dossiertest.Disk(t).Delete(t.Context(), d.URL, dossiertest.Email)
	require.NoError(t, err)
	require.True(t, had)
	require.NoDirExists(t, d.Dir)
}

func TestLinkOfADossierIsDeletedAndNotItsTarget(t *testing.T) {
	t.Parallel()
	target := filepath.Join(t.TempDir(), "target")
	require.NoError(t, os.WriteFile(target, []byte("x"), 0o600))
	d := dossiertest.New(t).Link("front.png", target)
	had, err := dossiertest.Disk(t).Delete(t.Context(), d.URL, dossiertest.Email)
	require.NoError(t, err)
	require.True(t, had)
	require.FileExists(t, target)
}

func TestDossierThatNoOrderIsServedWithIsDeleted(t *testing.T) {
	t.Parallel()
	d := dossiertest.New(t)
	contents, err := os.ReadFile(filepath.Join(d.Dir, "dossier.json"))
	require.NoError(t, err)
	d.Write("dossier.json", strings.Replace(string(contents), "{", `{"middleName": "K", "selfie": 7, `, 1))
	require.Error(t, check(t, d))
	had, err := dossiertest.Disk(t).Delete(t.Context(), d.URL, dossiertest.Email)
	require.NoError(t, err)
	require.True(t, had)
	require.NoFileExists(t, filepath.Join(d.Dir, "dossier.json"))
	require.NoFileExists(t, filepath.Join(d.Dir, "front.png"))
}

func TestDossierThatCannotBeReadOrReachedIsAnError(t *testing.T) {
	t.Parallel()
	d := dossiertest.New(t).Write("dossier.json", "{")
	_, err := dossiertest.Disk(t).Delete(t.Context(), d.URL, dossiertest.Email)
	require.Contains(t, requireInvalid(t, err), "is not JSON")
	_, err = dossier.Stores{}.Delete(t.Context(), d.URL, dossiertest.Email)
	require.Contains(t, requireInvalid(t, err), "outside the stores")
	require.ErrorIs(t, err, dossier.ErrOutside)
}

func TestDossierInABucketIsDeleted(t *testing.T) {
	t.Parallel()
	parameters, _ := s3Store(t, nil)
	stores := dossiertest.Stores(t, "s3://ramp-kyc/users/"+parameters)
	for _, want := range []bool{true, false} {
		had, err := stores.Delete(t.Context(), "s3://ramp-kyc/users/asha", dossiertest.Email)
		require.NoError(t, err)
		require.Equal(t, want, had)
	}
}
