package server

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
)

// TLS reads a certificate and its key, both PEM files, for TLS 1.2 and later. Once the files change, new connections
// get the renewed certificate; while the new ones cannot be used, the old certificate stays and log says so.
func TLS(certFile, keyFile string, log *zap.Logger) (*tls.Config, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	stamp, err := c.stamp()
	if err != nil {
		return nil, err
	}
	if err := c.load(stamp); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}, nil
}

// certificate is one that is renewed while it is in use.
type certificate struct {
	certFile, keyFile string
	log               *zap.Logger

	mu     sync.Mutex
	loaded *tls.Certificate
	at     [2]fileStamp
}

// fileStamp tells one version of a file from the next.
type fileStamp struct {
	changed time.Time
	size    int64
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamp, err := c.stamp()
	if err == nil && stamp != c.at {
		err = c.load(stamp)
	}
	if err != nil {
		c.log.Warn("the renewed TLS certificate cannot be used; the old one stays", zap.Error(err))
	}
	return c.loaded, nil
}

// load notes the version of the files even if they cannot be used, so that they are tried and complained about once.
func (c *certificate) load(stamp [2]fileStamp) error {
	c.at = stamp
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("the TLS certificate %s with the key %s cannot be used: %w", c.certFile, c.keyFile, err)
	}
	c.loaded = &pair
	return nil
}

func (c *certificate) stamp() ([2]fileStamp, error) {
	var stamps [2]fileStamp
	for i, name := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return stamps, fmt.Errorf("the TLS certificate's files cannot be read: %w", err)
		}
		stamps[i] = fileStamp{changed: info.ModTime(), size: info.Size()}
	}
	return stamps, nil
}
