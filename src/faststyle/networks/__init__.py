"""The transform network: layers, architecture and fast convolutions. Imports: errors."""
