package ramptest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"rampart/codec"
)

// programs is what a stack is started from.
type programs struct {
	// bin is the directory of the programs, and config the configuration of the Temporal server.
	bin, config string
	// keyset is a keyset for tests.
	keyset string
}

// findPrograms returns the programs of a directory, which RAMPTEST_BIN names by default, and builds them if there is none.
func findPrograms(bin string) (programs, error) {
	source, err := moduleDirectory()
	if err != nil {
		return programs{}, err
	}
	cache, err := cacheDirectory(source)
	if err != nil {
		return programs{}, err
	}
	// Tests of several packages run at the same time.
	lock := flock.New(filepath.Join(cache, "lock"))
	if err := lock.Lock(); err != nil {
		return programs{}, fmt.Errorf("lock %s: %w", cache, err)
	}
	defer func() { _ = lock.Unlock() }() // it ends with this process at the latest
	found := programs{
		bin:    cmp.Or(bin, os.Getenv("RAMPTEST_BIN")),
		config: filepath.Join(source, "temporal-dev.yaml"),
		keyset: filepath.Join(cache, "keyset.json"),
	}
	if err := ensureKeyset(found.keyset); err != nil {
		return programs{}, err
	}
	if found.bin != "" {
		found.bin, err = filepath.Abs(found.bin)
		return found, err
	}
	found.bin = filepath.Join(cache, "bin")
	return found, build(source, found.bin)
}

// moduleDirectory returns the directory of Rampart's source, which go.mod of the module under test names. A vendor directory lacks most of it.
func moduleDirectory() (string, error) {
	out, err := exec.Command("go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", "rampart").Output()
	directory := strings.TrimSpace(string(out))
	if err != nil || directory == "" {
		return "", errors.New("go list -m does not find the module rampart: run the tests in a module whose go.mod requires it, and replaces it by a checkout")
	}
	return filepath.EvalSymlinks(directory) // all ways to a checkout share what is built
}

// cacheDirectory returns the directory of what is kept from run to run for a source.
func cacheDirectory(source string) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256([]byte(source))
	directory := filepath.Join(base, "rampart", "ramptest-"+hex.EncodeToString(hash[:6]))
	return directory, os.MkdirAll(directory, 0o700)
}

// ensureKeyset creates the keyset if there is none.
func ensureKeyset(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	_, err := codec.CreateKeyset(context.Background(), codec.KeysetSource{File: path})
	return err
}

// build builds the programs. What has not changed is not built again.
func build(source, bin string) error {
	steps := [][]string{
		{"build", "-C", source, "-o", bin + string(filepath.Separator), "./starter", "./worker", "./gateway", "./sandbox/cmd/sandbox", "./codec/cmd/codec-server"},
	}
	if os.Getenv("TEMPORAL_ADDRESS") == "" {
		steps = append(steps, []string{"build", "-C", filepath.Join(source, "devserver"), "-o", filepath.Join(bin, "devserver"), "."})
		if _, err := os.Stat(filepath.Join(bin, "devserver")); err != nil {
			fmt.Fprintf(os.Stderr, "ramptest: building the Temporal server into %s. The first time this takes about seven minutes on two cores: if the "+
				"tests time out, run them again with -timeout 30m, or build it by make build in %s.\n", bin, source)
		}
	}
	for _, arguments := range steps {
		command := exec.Command("go", arguments...)
		command.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off") // those of the module under test are not Rampart's
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("go %s: %w\n%s", strings.Join(arguments, " "), err, out)
		}
	}
	return nil
}
