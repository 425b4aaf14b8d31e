package httpserver

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
)

// TLS returns a configuration for TLS 1.2 and later with a certificate and its key, both PEM files. When the files change, new
// connections use the new certificate. If it is invalid, the previous one stays in use and a warning is logged.
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

// certificate is a certificate that is reloaded when its files change.
type certificate struct {
	certFile, keyFile string
	log               *zap.Logger

	mu     sync.Mutex
	loaded *tls.Certificate
	at     [2]fileStamp // versions of the files that were loaded last
}

// fileStamp identifies a version of a file.
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
		c.log.Warn("the renewed TLS certificate is invalid; the previous one stays in use", zap.Error(err))
	}
	return c.loaded, nil
}

// load records the version of the files even if they are invalid, so that they are tried and logged once.
func (c *certificate) load(stamp [2]fileStamp) error {
	c.at = stamp
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("load the TLS certificate %s with the key %s: %w", c.certFile, c.keyFile, err)
	}
	c.loaded = &pair
	return nil
}

func (c *certificate) stamp() ([2]fileStamp, error) {
	var stamps [2]fileStamp
	for i, name := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return stamps, fmt.Errorf("read the files of the TLS certificate: %w", err)
		}
		stamps[i] = fileStamp{changed: info.ModTime(), size: info.Size()}
	}
	return stamps, nil
}
