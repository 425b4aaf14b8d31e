package bearer

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.uber.org/zap"
)

const (
	// Prefix begins every token that NewToken makes, so that scanners for leaked credentials find them.
	Prefix = "ramp_"
	// tokenBytes is how many random bytes a token has. So many need no slow hash: they cannot be guessed.
	tokenBytes = 32
	hashPrefix = "sha256:"
)

// Scopes returns the scopes that a token of a file can have. The gateway defines what each permits.
func Scopes() []string { return []string{"read", "write", "operate"} }

// named matches the names of tokens. They are logged with each request.
var named = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Entry is a line of a file of tokens: whose token it is and what it permits.
type Entry struct {
	// Name is the name of the caller.
	Name   string
	Scopes []string

	hash [sha256.Size]byte
}

// String returns the entry as a line of the file: name, scopes separated by commas, and the hash of the token.
func (e Entry) String() string {
	return e.Name + " " + strings.Join(e.Scopes, ",") + " " + hashPrefix + hex.EncodeToString(e.hash[:])
}

// NewToken returns a new random token, and the entry that permits it. Its error says how names and scopes must be.
func NewToken(name string, scopes ...string) (token string, entry Entry, err error) {
	if !named.MatchString(name) {
		return "", Entry{}, errName
	}
	if err := checkScopes(scopes); err != nil {
		return "", Entry{}, err
	}
	secret := make([]byte, tokenBytes)
	_, _ = rand.Read(secret) // never fails
	token = Prefix + base64.RawURLEncoding.EncodeToString(secret)
	return token, Entry{Name: name, Scopes: scopes, hash: sha256.Sum256([]byte(token))}, nil
}

var errName = errors.New("the name has 1 to 64 letters, digits, dots, dashes or underscores, and begins with a letter or digit")

func checkScopes(scopes []string) error {
	known := Scopes()
	unknown := func(scope string) bool { return !slices.Contains(known, scope) }
	if len(scopes) == 0 || slices.ContainsFunc(scopes, unknown) {
		return fmt.Errorf("the scopes must be one or more of %s, separated by commas", strings.Join(known, ", "))
	}
	return nil
}

// File is a file of tokens, one a line:
//
//	shop read,write sha256:…
//
// Blank lines and lines that begin with # are ignored. The file holds hashes only, so that whoever reads it cannot use the tokens. A changed file
// takes effect with the next request; a token is revoked by removing its line. If a changed file is invalid, the previous one stays in use. It is
// safe for concurrent use.
type File struct {
	path string
	log  *zap.Logger

	mu      sync.Mutex
	entries []Entry
	loaded  fs.FileInfo // the version of the file that was loaded last
	problem error
}

// OpenFile reads a file of tokens. Its error names every invalid line, and quotes none.
func OpenFile(path string, log *zap.Logger) (*File, error) {
	f := &File{path: path, log: log}
	if err := f.load(); err != nil {
		return nil, err
	}
	return f, nil
}

// Find returns the entry of a token. Its duration does not depend on how much of a token is right: hashes are compared, in constant time and all
// of them.
func (f *File) Find(token string) (Entry, bool) {
	hash := sha256.Sum256([]byte(token))
	var found Entry
	has := false
	for _, entry := range f.current() {
		if subtle.ConstantTimeCompare(entry.hash[:], hash[:]) == 1 {
			found, has = entry, true
		}
	}
	return found, has
}

// Problem returns why the file cannot be used as it is now, or nil. The previous tokens stay in use then.
func (f *File) Problem() error {
	f.current()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.problem
}

// current returns the entries of the file as it is now.
func (f *File) current() []Entry {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.problem
	if err := f.load(); err != nil && (before == nil || before.Error() != err.Error()) {
		f.log.Error("the file of tokens is invalid; the previous tokens stay in use", zap.Error(err))
	}
	return f.entries
}

// load reads the file if it has changed. An invalid version is read once.
func (f *File) load() error {
	info, err := os.Stat(f.path)
	if err != nil {
		f.loaded, f.problem = nil, fmt.Errorf("read the file of tokens: %w", err)
		return f.problem
	}
	if f.loaded != nil && sameVersion(f.loaded, info) {
		return f.problem
	}
	f.loaded = info
	text, err := os.ReadFile(f.path)
	if err != nil {
		f.problem = fmt.Errorf("read the file of tokens: %w", err)
		return f.problem
	}
	entries, err := parse(text)
	if err != nil {
		f.problem = fmt.Errorf("%s: %w", f.path, err)
		return f.problem
	}
	if f.entries != nil {
		f.log.Info("file of tokens reloaded", zap.Int("tokens", len(entries)))
	}
	f.entries, f.problem = entries, nil
	return nil
}

func sameVersion(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// parse returns the entries of a file, never nil, or an error that names every invalid line.
func parse(text []byte) ([]Entry, error) {
	entries, seen := []Entry{}, make(map[[sha256.Size]byte]struct{})
	var problems []string
	lines := bufio.NewScanner(bytes.NewReader(text))
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		entry, err := parseLine(line)
		if _, twice := seen[entry.hash]; err == nil && twice {
			err = errors.New("the same token is in an earlier line")
		}
		if err != nil {
			problems = append(problems, fmt.Sprintf("line %d: %v", number, err))
			continue
		}
		seen[entry.hash] = struct{}{}
		entries = append(entries, entry)
	}
	if err := lines.Err(); err != nil {
		problems = append(problems, err.Error())
	}
	if len(problems) > 0 {
		return nil, errors.New(strings.Join(problems, "; "))
	}
	return entries, nil
}

// parseLine returns the entry of a line. Its error does not quote the line, which may hold a token by mistake.
func parseLine(line string) (Entry, error) {
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return Entry{}, errors.New("it must have three parts, as starter token prints them: name, scopes, sha256:hash")
	}
	entry := Entry{Name: fields[0], Scopes: strings.Split(fields[1], ",")}
	if !named.MatchString(entry.Name) {
		return Entry{}, errName
	}
	if err := checkScopes(entry.Scopes); err != nil {
		return Entry{}, err
	}
	hash, isHash := strings.CutPrefix(fields[2], hashPrefix)
	decoded, err := hex.DecodeString(hash)
	if !isHash || err != nil || len(decoded) != sha256.Size {
		return Entry{}, errors.New("the third part must be sha256: and 64 hexadecimal digits, not the token itself")
	}
	entry.hash = [sha256.Size]byte(decoded)
	return entry, nil
}
