package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"rampart/ramp"
)

// finding is a call that finds orders. What it finds them by is in the body, which no log has, unlike a URL.
type finding struct {
	Body json.RawMessage
}

func (s *service) addFind(a huma.API) {
	o := operation("findOrders", http.MethodPost, "/v1/orders/find", listTag, Operate, "Find orders",
		"Finds the orders of a user by e-mail address, or those that a UTR or a transaction hash was accepted for, newest first, as they were "+
			"moments ago. Orders that began before the workers made hashes are not found.")
	huma.Register(a, withBody[ramp.FindRequest](o), s.find)
}

func (s *service) find(ctx context.Context, in *finding) (*page, error) {
	request, err := decode[ramp.FindRequest](ctx, in.Body)
	if err != nil {
		return nil, err
	}
	if err := request.Validate(); err != nil {
		return nil, s.fail(ctx, err)
	}
	if s.Hasher == nil {
		return nil, s.fail(ctx, errors.New("the gateway has no keys to find orders with"))
	}
	filter, err := request.Filter(s.Hasher)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	within, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	found, err := s.Orders.ListPage(within, filter, request.PageSize(), request.Cursor)
	if err != nil {
		return nil, s.fail(ctx, ramp.ExplainNamespace(s.Namespace, err))
	}
	return &page{Body: found}, nil
}
