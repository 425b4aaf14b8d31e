package dispatch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"rampart/events/message"
	"rampart/internal/redact"
)

// maxFile bounds the files that are read, in bytes.
const maxFile = 1 << 20

// config is the file of endpoints as it is written. Keys that it lacks here are errors.
type config struct {
	Endpoints []entry `yaml:"endpoints"`
}

// entry is an endpoint as it is written.
type entry struct {
	Name         string          `yaml:"name"`
	URL          redact.Secret   `yaml:"url"`
	Secrets      []redact.Secret `yaml:"secrets"`
	SecretFiles  []string        `yaml:"secretFiles"`
	PerOrder     bool            `yaml:"perOrder"`
	AllowPrivate bool            `yaml:"allowPrivate"`
}

// endpoint is an endpoint that can be used.
type endpoint struct {
	name string
	// to is where an HTTP endpoint is; the zero address for a queue.
	to address
	// queue is the URL of a queue or topic; empty for an HTTP endpoint.
	queue   redact.Secret
	secrets []redact.Secret
	// perOrder: the endpoint takes no event but those of orders whose URL begins with its own.
	perOrder     bool
	allowPrivate bool
}

// endpointNames matches the names of endpoints. They are in ids of activities and in logs.
var endpointNames = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$`)

// read returns the endpoints of a file by name, and the versions of all files that it consists of, which tell a change. The error names
// every problem by line and endpoint, and quotes no value.
func read(path string, isQueue func(scheme string) bool) (map[string]endpoint, []version, error) {
	files := []version{versionOf(path)}
	text, err := readFile(path)
	if err != nil {
		return nil, files, fmt.Errorf("read the file of endpoints: %w", err)
	}
	entries, lines, err := parse(text)
	if err != nil {
		return nil, files, fmt.Errorf("%s: %w", path, err)
	}
	endpoints, problems := make(map[string]endpoint, len(entries)), []string(nil)
	for i, e := range entries {
		found, wrong := e.validate(isQueue)
		for _, file := range e.SecretFiles {
			file = beside(path, file)
			files = append(files, versionOf(file))
			secret, err := readSecret(file)
			if err != nil {
				wrong = append(wrong, err.Error())
				continue
			}
			found.secrets = append(found.secrets, secret)
		}
		wrong = append(wrong, found.validateSecrets()...)
		if _, twice := endpoints[e.Name]; twice {
			wrong = append(wrong, "another endpoint has the same name")
		}
		endpoints[e.Name] = found
		for _, problem := range wrong {
			problems = append(problems, fmt.Sprintf("line %d: endpoint %s: %s", lines[i], e.shownName(i), problem))
		}
	}
	if len(problems) > 0 {
		return nil, files, fmt.Errorf("%s: %s", path, strings.Join(problems, "; "))
	}
	return endpoints, files, nil
}

// parse returns the entries of a file, and the line of each.
func parse(text []byte) (entries []entry, lines []int, err error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var written config
	switch err := decoder.Decode(&written); {
	case errors.Is(err, io.EOF), err == nil && written.Endpoints == nil:
		return nil, nil, errors.New("it must have a list \"endpoints\"; \"endpoints: []\" for none")
	case err != nil:
		return nil, nil, syntax(err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("it must be one YAML document")
	}
	var places struct {
		Endpoints []yaml.Node `yaml:"endpoints"`
	}
	if err := yaml.Unmarshal(text, &places); err != nil {
		return nil, nil, syntax(err)
	}
	for _, place := range places.Endpoints {
		lines = append(lines, place.Line)
	}
	return written.Endpoints, lines, nil
}

var (
	yamlLine    = regexp.MustCompile(`line (\d+):`)
	yamlUnknown = regexp.MustCompile(`^line \d+: field ([A-Za-z]{1,32}) not found`)
)

// syntax returns an error of YAML's without the values that it quotes, which may be secrets.
func syntax(err error) error {
	var typed *yaml.TypeError
	if !errors.As(err, &typed) {
		if at := yamlLine.FindStringSubmatch(err.Error()); at != nil {
			return fmt.Errorf("line %s: it is not valid YAML", at[1])
		}
		return errors.New("it is not valid YAML")
	}
	problems := make([]string, 0, len(typed.Errors))
	for _, problem := range typed.Errors {
		line, unknown := yamlLine.FindString(problem), yamlUnknown.FindStringSubmatch(problem)
		switch {
		case unknown != nil:
			problems = append(problems, fmt.Sprintf("%s there is no field %q", line, unknown[1]))
		case strings.Contains(problem, "not found"):
			problems = append(problems, line+" there is no such field")
		case strings.Contains(problem, "already defined"):
			problems = append(problems, line+" the field is there twice")
		default:
			problems = append(problems, line+" the value is of the wrong kind")
		}
	}
	return errors.New(strings.Join(problems, "; "))
}

// validate returns the endpoint that an entry describes, without the secrets of files, and what is wrong with it.
func (e entry) validate(isQueue func(scheme string) bool) (endpoint, []string) {
	found := endpoint{name: e.Name, secrets: slices.Clone(e.Secrets), perOrder: e.PerOrder, allowPrivate: e.AllowPrivate}
	var problems []string
	if !endpointNames.MatchString(e.Name) {
		problems = append(problems, "name must have 1 to 40 lower-case letters, digits or dashes")
	}
	scheme, _, _ := strings.Cut(e.URL.Reveal(), "://")
	if isQueue(scheme) {
		found.queue = e.URL
		if e.PerOrder || e.AllowPrivate || len(e.Secrets)+len(e.SecretFiles) > 0 {
			problems = append(problems, "a queue has neither secrets nor perOrder nor allowPrivate")
		}
		return found, problems
	}
	to, err := parseAddress(e.URL.Reveal())
	if err == nil && e.PerOrder && to.query != "" {
		err = errors.New("with perOrder, it must not have a query")
	}
	if err == nil && to.local() && !e.AllowPrivate {
		err = errors.New("it is an address of this machine or a private network, which needs allowPrivate: true")
	}
	if err != nil {
		problems = append(problems, "url: "+err.Error())
	}
	found.to = to
	return found, problems
}

// validateSecrets returns what is wrong with the secrets of an endpoint.
func (e endpoint) validateSecrets() []string {
	if e.queue != "" {
		return nil
	}
	if len(e.secrets) == 0 {
		return []string{"it needs a secret, in secrets or secretFiles"}
	}
	var problems []string
	for i, secret := range e.secrets {
		if err := message.ValidateSecret(secret); err != nil {
			problems = append(problems, fmt.Sprintf("secret %d: %v", i+1, err))
		}
	}
	return problems
}

// shownName is the name of an entry if it is valid, else its position: a text of any form may be a secret in the wrong place.
func (e entry) shownName(position int) string {
	if endpointNames.MatchString(e.Name) {
		return e.Name
	}
	return fmt.Sprintf("number %d", position+1)
}

// readSecret returns the secret in a file, without white space around it. The error contains the path alone.
func readSecret(path string) (redact.Secret, error) {
	text, err := readFile(path)
	if err != nil {
		return "", fmt.Errorf("secretFiles: %w", err)
	}
	return redact.Secret(strings.TrimSpace(string(text))), nil
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s is larger than 1 MiB", path)
	}
	return text, err
}

// beside returns the path of a file that another file names: relative to its directory.
func beside(path, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(path), name)
}

// version tells whether a file has changed.
type version struct {
	path string
	info fs.FileInfo // nil if there is no such file
}

func versionOf(path string) version {
	info, err := os.Stat(path)
	if err != nil {
		return version{path: path}
	}
	return version{path, info}
}

// current reports whether the file is as it was.
func (v version) current() bool {
	now := versionOf(v.path)
	if v.info == nil || now.info == nil {
		return v.info == nil && now.info == nil
	}
	return os.SameFile(v.info, now.info) && v.info.ModTime().Equal(now.info.ModTime()) && v.info.Size() == now.info.Size()
}
