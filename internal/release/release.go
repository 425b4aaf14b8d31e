// Package release says which release a program is.
package release

import (
	"cmp"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
)

// version is the version of a release. The linker sets it (make release, the Dockerfile):
//
//	-ldflags "-X rampart/internal/release.version=v1.2.3"
var version string

// Release is what a program was built from.
type Release struct {
	// Version is that of the release, such as v1.2.3; for another build it is what Go derives from the repository, "(devel)" without one.
	Version string
	// Revision is the commit, with "+changes" if the checkout was modified, or "".
	Revision string
	// Go is the version of the Go toolchain.
	Go string
}

// Read returns the release of the running program.
func Read() Release {
	info, known := debug.ReadBuildInfo()
	if !known {
		return Release{Version: version}
	}
	settings := make(map[string]string)
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	r := Release{Version: cmp.Or(version, info.Main.Version), Revision: settings["vcs.revision"], Go: info.GoVersion}
	if settings["vcs.modified"] == "true" {
		r.Revision += "+changes"
	}
	return r
}

// String returns the release in one line, such as "v1.2.3 (5c2a…, go1.26.8)".
func (r Release) String() string {
	return fmt.Sprintf("%s (%s, %s)", cmp.Or(r.Version, "(devel)"), cmp.Or(r.Revision, "no revision"), r.Go)
}

// Asked prints a program's name and its release if its arguments ask for it by --version, and reports whether they do.
func Asked(program string, arguments []string, out io.Writer) bool {
	if !slices.Contains(arguments, "--version") && !slices.Contains(arguments, "-version") {
		return false
	}
	_, _ = fmt.Fprintln(out, program, Read()) // nobody reads it: nothing to do
	return true
}
