//go:build !unix

package codec

import "io/fs"

// copyOwner does nothing where files have no numeric owner.
func copyOwner(fs.FileInfo, string) error { return nil }
