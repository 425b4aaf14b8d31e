package onmeta

import "net/http"

// NewPool gives tests the connections that a Transport has by default, so that they can trust a test's certificate.
func NewPool() *http.Transport { return newPool() }
