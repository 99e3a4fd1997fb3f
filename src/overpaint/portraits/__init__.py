"""portraits"""
