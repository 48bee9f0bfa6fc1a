"""The admin API `/admin/v1`: what operator commands do, for the vendor's own tools over HTTPS."""
