package telemetry

import "runtime/debug"

// Build identifies the running program.
type Build struct {
	// Program is the program's name, such as worker, or "".
	Program string
	// ID is the deployment's build id, or "".
	ID string
	// Version is the version of the module, "(devel)" for a build from a checkout.
	Version string
	// Revision is the commit, with "+changes" if the checkout was modified, or "".
	Revision string
	// Go is the version of the Go toolchain.
	Go string
}

// ReadBuild returns the build information that the Go toolchain embeds in the program. Its ID is empty.
func ReadBuild() Build {
	info, known := debug.ReadBuildInfo()
	if !known {
		return Build{}
	}
	build := Build{Version: info.Main.Version, Go: info.GoVersion}
	settings := make(map[string]string)
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	build.Revision = settings["vcs.revision"]
	if settings["vcs.modified"] == "true" {
		build.Revision += "+changes"
	}
	return build
}
