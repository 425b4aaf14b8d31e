package telemetry

import "rampart/internal/release"

// Build identifies the running program.
type Build struct {
	// Program is the program's name, such as worker, or "".
	Program string
	// ID is the deployment's build id, or "".
	ID string
	// Version is the version of the release, "(devel)" for a build from a checkout without tags.
	Version string
	// Revision is the commit, with "+changes" if the checkout was modified, or "".
	Revision string
	// Go is the version of the Go toolchain.
	Go string
}

// ReadBuild returns what the running program was built from. Its ID is empty.
func ReadBuild() Build {
	r := release.Read()
	return Build{Version: r.Version, Revision: r.Revision, Go: r.Go}
}
